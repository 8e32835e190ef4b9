"""Ten causes in the Django portal."""

from portals.causes import Cause, Edit

_VIEWS, _SETTINGS, _URLS = "billing/views.py", "clientportal/settings.py", "clientportal/urls.py"
_DASHBOARD = '    return render(request, "dashboard.html", {"invoices": newest, "open": open_invoices})'

CAUSES = (
    Cause(
        "customers-one-by-one",
        "the dashboard asks for each invoice's customer",
        "performance.queries",
        ("billing_customer", "GET /", "select_related"),
        (
            Edit(
                _VIEWS,
                'own.select_related("customer").order_by("-issued_on", "-id")[:PER_PAGE]',
                'own.order_by("-issued_on", "-id")[:PER_PAGE]',
            ),
        ),
    ),
    Cause(
        "tenant-without-index",
        "no index begins with the company",
        "performance.indexes",
        ("billing_invoice", "company_id", "CREATE INDEX CONCURRENTLY"),
        sql=("DROP INDEX invoice_of_company",),
    ),
    Cause(
        "login-by-upper",
        "the login compares addresses in capitals",
        "performance.indexes",
        ("billing_user", "upper", "email"),
        (
            Edit(
                "billing/models.py",
                "class User(AbstractBaseUser):",
                "class People(BaseUserManager):\n"
                '    """In any case."""\n\n'
                "    def get_by_natural_key(self, email):\n"
                '        """Of that address."""\n'
                "        return self.get(email__iexact=email)\n\n\n"
                "class User(AbstractBaseUser):",
            ),
            Edit("billing/models.py", "    objects = BaseUserManager()", "    objects = People()"),
        ),
    ),
    Cause(
        "list-without-pages",
        "all invoices are on one page",
        "performance.pagination",
        ("GET /invoices/", "2,000"),
        (
            Edit(
                _VIEWS,
                'Paginator(own.order_by("-issued_on", "-id"), PER_PAGE)',
                'Paginator(own.order_by("-issued_on", "-id"), 100_000)',
            ),
        ),
        also=("performance.growth", "performance.payload"),
    ),
    Cause(
        "dashboard-cached-for-all",
        "the dashboard may be kept by any cache",
        "performance.caching",
        ("GET /", "public", "max-age=600"),
        (
            Edit(
                _VIEWS,
                "@login_required\n@private\ndef dashboard(",
                "@login_required\n@cache_control(public=True, max_age=600)\ndef dashboard(",
            ),
        ),
    ),
    Cause(
        "assets-uncached",
        "style and pictures are asked for again and again",
        "performance.caching",
        ("/static/portal.css",),
        (
            Edit(
                _SETTINGS,
                '"whitenoise.storage.CompressedManifestStaticFilesStorage"',
                '"django.contrib.staticfiles.storage.StaticFilesStorage"',
            ),
            Edit(_SETTINGS, "WHITENOISE_MAX_AGE = 3600", "WHITENOISE_MAX_AGE = 0"),
        ),
    ),
    Cause(
        "nothing-compressed",
        "answers are sent as they are",
        "performance.payload",
        ("compress", "/api/invoices"),
        (Edit(_SETTINGS, '    "django.middleware.gzip.GZipMiddleware",\n', ""),),
    ),
    Cause(
        "mail-in-the-request",
        "the upload waits for the mail server",
        "performance.inline_work",
        ("billing/views.py", "send_mail"),
        (
            Edit(
                _VIEWS,
                "from django.core.paginator import Paginator",
                "from django.core.mail import send_mail\nfrom django.core.paginator import Paginator",
            ),
            Edit(
                _VIEWS,
                '    return redirect("/files/")',
                '    send_mail("A file was sent", sent.name, "portal@clients.example", ["office@clients.example"])\n'
                '    return redirect("/files/")',
            ),
        ),
    ),
    Cause(
        "ranking-of-all",
        "the dashboard joins customers and lines of all companies to rank them",
        "performance.slow_query",
        ("billing_line", "GET /"),
        (
            Edit(_VIEWS, "import Document, Invoice", "import Company, Document, Invoice"),
            Edit(
                _VIEWS,
                _DASHBOARD,
                '    customers = Count("customer__name", distinct=True)\n'
                '    ranked = Company.objects.annotate(total=Sum("invoice__line__amount"), customers=customers)\n'
                '    ranked = [company.id for company in ranked.order_by("-total")]\n'
                '    open_invoices["rank"] = ranked.index(request.user.company_id) + 1\n' + _DASHBOARD,
            ),
        ),
        also=("performance.p95",),
    ),
    Cause(
        "login-by-detours",
        "four redirects lie between the login and the dashboard",
        "performance.round_trips",
        ("redirect", "/welcome/"),
        (
            Edit(_SETTINGS, 'LOGIN_REDIRECT_URL = "/"', 'LOGIN_REDIRECT_URL = "/welcome/"'),
            Edit(
                _URLS,
                "from django.urls import path",
                "from django.urls import path\nfrom django.views.generic import RedirectView",
            ),
            Edit(
                _URLS,
                '    path("healthz", views.healthz),',
                '    path("healthz", views.healthz),\n'
                '    path("welcome/", RedirectView.as_view(url="/home/")),\n'
                '    path("home/", RedirectView.as_view(url="/home/company/")),\n'
                '    path("home/company/", RedirectView.as_view(url="/")),',
            ),
        ),
    ),
)
