"""The thirty causes, by stack."""

from portals import django_causes, express_causes, fastapi_causes
from portals.causes import Cause

CAUSES: dict[str, tuple[Cause, ...]] = {
    "django": django_causes.CAUSES,
    "fastapi": fastapi_causes.CAUSES,
    "express": express_causes.CAUSES,
}
