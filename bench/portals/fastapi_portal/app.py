"""The client portal: pages that are filled by an API."""

import hashlib
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Annotated

import rates
from fastapi import Depends, FastAPI, File, Form, Request, Response, UploadFile
from fastapi.middleware.gzip import GZipMiddleware
from fastapi.responses import HTMLResponse, PlainTextResponse, RedirectResponse
from fastapi.staticfiles import StaticFiles
from fastapi.templating import Jinja2Templates
from models import Document, Invoice, Person, SessionLocal
from security import NONCE, SESSION, check_token, matches, nonce_of, signer, tenant_of, token_for
from sqlalchemy import func, select
from sqlalchemy.orm import Session, selectinload

HERE = Path(__file__).parent
PER_PAGE = 25
FOREVER = "public, max-age=31536000, immutable"
DIGEST = hashlib.sha256(b"".join(p.read_bytes() for p in sorted((HERE / "static").iterdir()))).hexdigest()[:12]


@asynccontextmanager
async def lifespan(app: FastAPI) -> AsyncIterator[None]:
    """What is ready before the first visitor comes."""
    rates.load()
    yield


class Assets(StaticFiles):
    """Files whose address changes with their content."""

    def file_response(self, *args: object, **named: object) -> Response:
        """May be kept for good."""
        answer = super().file_response(*args, **named)
        answer.headers["Cache-Control"] = FOREVER
        return answer


app = FastAPI(lifespan=lifespan, docs_url=None, redoc_url=None, openapi_url=None)
app.add_middleware(GZipMiddleware, minimum_size=500)
app.mount(f"/static/{DIGEST}", Assets(directory=HERE / "static"))
templates = Jinja2Templates(HERE / "templates")
templates.env.globals["static"] = f"/static/{DIGEST}"
Tenant = Annotated[int, Depends(tenant_of)]


def database(response: Response) -> AsyncIterator[Session]:
    """A session of its own for each request."""
    response.headers["Cache-Control"] = "private, no-store"
    with SessionLocal() as session:
        yield session


Database = Annotated[Session, Depends(database)]


def page(request: Request, name: str, **values: object) -> HTMLResponse:
    """A page that nobody but its visitor may keep."""
    nonce = nonce_of(request)
    answer = templates.TemplateResponse(request, name, {"token": token_for(nonce), **values})
    answer.headers["Cache-Control"] = "private, no-store"
    if NONCE not in request.cookies:
        answer.set_cookie(NONCE, nonce, httponly=True, samesite="lax")
    return answer


@app.get("/login")
def login_form(request: Request) -> HTMLResponse:
    """The login."""
    return page(request, "login.html")


@app.post("/login")
def login(
    request: Request, email: Annotated[str, Form()], password: Annotated[str, Form()], token: Annotated[str, Form()]
) -> Response:
    """Log somebody in."""
    check_token(request, token)
    with SessionLocal() as session:
        person = session.scalars(select(Person).where(Person.email == email)).first()
    if not person or not matches(password, person.password):
        answer = page(request, "login.html", error="E-mail or password is wrong.")
        answer.status_code = 422
        return answer
    answer = RedirectResponse("/", 303)
    signed = signer.dumps({"person": person.id, "tenant": person.tenant_id})
    answer.set_cookie(SESSION, signed, httponly=True, samesite="lax")
    return answer


@app.get("/")
def dashboard(request: Request, tenant: Tenant) -> HTMLResponse:
    """The frame of the dashboard; a script fills it."""
    return page(request, "dashboard.html")


@app.get("/api/dashboard")
def dashboard_numbers(tenant: Tenant, session: Database) -> dict[str, object]:
    """The newest invoices with what they are worth."""
    newest = select(Invoice).where(Invoice.tenant_id == tenant).order_by(Invoice.issued_on.desc(), Invoice.id.desc())
    found = session.scalars(newest.options(selectinload(Invoice.lines)).limit(PER_PAGE)).all()
    count = session.scalar(select(func.count()).where(Invoice.tenant_id == tenant, Invoice.status == "sent"))
    return {"open": count, "items": [shown(invoice) for invoice in found], "next": "/api/invoices?page=2"}


@app.get("/api/invoices")
def invoices_api(tenant: Tenant, session: Database, page: int = 1) -> dict[str, object]:
    """Invoices by pages."""
    newest = select(Invoice).where(Invoice.tenant_id == tenant).order_by(Invoice.issued_on.desc(), Invoice.id.desc())
    asked = newest.options(selectinload(Invoice.lines)).limit(PER_PAGE + 1).offset((page - 1) * PER_PAGE)
    found = session.scalars(asked).all()
    more = f"/api/invoices?page={page + 1}" if len(found) > PER_PAGE else None
    return {"items": [shown(invoice) for invoice in found[:PER_PAGE]], "next": more}


def shown(invoice: Invoice) -> dict[str, object]:
    """What is seen of an invoice."""
    total = float(sum(line.amount for line in invoice.lines))
    euros = total / rates.current()[invoice.currency]
    return {
        "number": invoice.number,
        "status": invoice.status,
        "issued_on": invoice.issued_on.isoformat(),
        "total": f"{total:.2f} {invoice.currency}",
        "euros": f"{euros:.2f}",
    }


@app.get("/invoices")
def invoices(request: Request, tenant: Tenant, number: int = 1) -> HTMLResponse:
    """All invoices, by pages."""
    with SessionLocal() as session:
        newest = select(Invoice).where(Invoice.tenant_id == tenant)
        newest = newest.order_by(Invoice.issued_on.desc(), Invoice.id.desc()).options(selectinload(Invoice.lines))
        found = session.scalars(newest.limit(PER_PAGE + 1).offset((number - 1) * PER_PAGE)).all()
        more = number + 1 if len(found) > PER_PAGE else 0
        return page(request, "invoices.html", invoices=[shown(i) for i in found[:PER_PAGE]], more=more)


@app.get("/files")
def files(request: Request, tenant: Tenant) -> HTMLResponse:
    """The newest files that were sent, and the form to send one."""
    with SessionLocal() as session:
        sent = select(Document).where(Document.tenant_id == tenant).order_by(Document.id.desc()).limit(PER_PAGE)
        return page(request, "files.html", documents=session.scalars(sent).all())


@app.post("/files")
def upload(
    request: Request, tenant: Tenant, token: Annotated[str, Form()], file: Annotated[UploadFile, File()]
) -> Response:
    """Take a file."""
    check_token(request, token)
    size = len(file.file.read())
    with SessionLocal() as session:
        session.add(Document(tenant_id=tenant, name=(file.filename or "file")[:200], size=size))
        session.commit()
    return RedirectResponse("/files", 303)


@app.get("/healthz")
def healthz() -> PlainTextResponse:
    """Whether it is up."""
    return PlainTextResponse("ok")
