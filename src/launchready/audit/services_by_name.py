"""Services a portal depends on, as data: how the names of its variables and the hosts in their values give them away.

Says nothing about a portal; the deployment map is drawn by it. Names are matched by whole words (`STRIPE` in
`STRIPE_SECRET_KEY` and `NEXT_PUBLIC_STRIPE_KEY`, not in `STRIPES`); words that mean other things elsewhere (`AWS`,
`REDIS`, `SLACK`) count at the beginning of a name only.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache

from launchready.model import Part

_PUBLIC = re.compile(r"^(?:NEXT_PUBLIC|VITE|REACT_APP|NUXT_PUBLIC|NUXT|EXPO_PUBLIC|GATSBY|VUE_APP|PUBLIC|STORYBOOK)_")
"""Prefixes by which front-end builds let a variable into the browser."""


@dataclass(frozen=True, slots=True)
class Service:
    """A service, and the signs of it."""

    name: str
    part: Part
    starts: tuple[str, ...] = ()
    """Beginnings of variable names, whole words: `PGHOST`, `AWS_S3`."""
    words: tuple[str, ...] = ()
    """Words of variable names, anywhere in the name."""
    hosts: tuple[str, ...] = ()
    """Ends of the host names it is reached at."""


def service_of_variable(name: str) -> Service | None:
    """The service a variable belongs to by its name; the longest sign wins. None for one that tells nothing."""
    plain = f"_{_PUBLIC.sub('', name.strip().upper())}_"
    best: tuple[int, Service] | None = None
    for sign, at_start, service in _signs():
        found = plain.startswith(sign) if at_start else sign in plain
        if found and (best is None or len(sign) > best[0]):
            best = (len(sign), service)
    return best[1] if best else None


def service_of_host(host: str) -> Service | None:
    """The service that is reached at a host name; the longest end wins."""
    host = host.lower().rstrip(".")
    fits = [(len(end), s) for s in SERVICES for end in s.hosts if host == end or host.endswith(f".{end}")]
    return max(fits, key=lambda fit: fit[0])[1] if fits else None


@cache
def _signs() -> tuple[tuple[str, bool, Service], ...]:
    def all_of_them() -> Iterator[tuple[str, bool, Service]]:
        for service in SERVICES:
            for sign in service.starts:
                yield f"_{sign}_", True, service
            for sign in service.words:
                yield f"_{sign}_", False, service

    return tuple(all_of_them())


def _at(name: str, part: Part, words: str = "", hosts: str = "", starts: str = "") -> Service:
    return Service(name, part, tuple(starts.split()), tuple(words.split()), tuple(hosts.split()))


_DB, _CACHE, _FILES, _MAIL, _PAY, _OTHER = (
    Part.DATABASE,
    Part.CACHE,
    Part.STORAGE,
    Part.MAIL,
    Part.PAYMENTS,
    Part.SERVICE,
)

SERVICES = (
    _at("PostgreSQL", _DB, "POSTGRES POSTGRESQL", "", "PGHOST PGDATABASE PGUSER PGPASSWORD PGPORT"),
    _at("MySQL", _DB, "MYSQL MARIADB", "psdb.cloud"),
    _at("MongoDB", _DB, "MONGO MONGODB MONGO_URL MONGODB_URI", "mongodb.net"),
    _at("Database", _DB, "DATABASE_URL DATABASE_DSN", "", "DATABASE DATABASES DB DB_URL DATABASE_HOST DIRECT_URL"),
    _at("Supabase", _DB, "SUPABASE", "supabase.co supabase.com"),
    _at("Neon", _DB, "NEON", "neon.tech"),
    _at("PlanetScale", _DB, "PLANETSCALE", "psdb.cloud connect.psdb.cloud"),
    _at("Firebase", _DB, "FIREBASE FIRESTORE", "firebaseio.com firebaseapp.com"),
    _at("DynamoDB", _DB, "DYNAMODB", "dynamodb.amazonaws.com"),
    _at("Amazon RDS", _DB, "", "rds.amazonaws.com"),
    _at("Turso", _DB, "TURSO LIBSQL", "turso.io"),
    _at("Redis", _CACHE, "", "redis.cloud redislabs.com redis-cloud.com", "REDIS REDISCLOUD REDIS_TLS KV"),
    _at("Upstash", _CACHE, "UPSTASH", "upstash.io"),
    _at("Memcached", _CACHE, "MEMCACHE MEMCACHED MEMCACHIER MEMCACHEDCLOUD"),
    _at("RabbitMQ", _CACHE, "RABBITMQ AMQP CLOUDAMQP", "cloudamqp.com"),
    _at("Celery broker", _CACHE, "CELERY_BROKER CELERY_BROKER_URL", "", "BROKER_URL"),
    _at("Kafka", _CACHE, "KAFKA", "confluent.cloud"),
    _at("Elasticsearch", _DB, "ELASTICSEARCH ELASTIC OPENSEARCH", "es.io elastic-cloud.com es.amazonaws.com"),
    _at("Algolia", _OTHER, "ALGOLIA", "algolia.net algolianet.com"),
    _at("Meilisearch", _OTHER, "MEILI MEILISEARCH", "meilisearch.io"),
    _at("Amazon S3", _FILES, "S3 S3_BUCKET AWS_S3 AWS_STORAGE_BUCKET_NAME AWS_BUCKET", "s3.amazonaws.com"),
    _at("AWS", _OTHER, "", "amazonaws.com", "AWS"),
    _at("Cloudflare R2", _FILES, "R2", "r2.cloudflarestorage.com r2.dev"),
    _at("Google Cloud Storage", _FILES, "GCS GS_BUCKET GS_BUCKET_NAME GOOGLE_CLOUD_STORAGE", "storage.googleapis.com"),
    _at("Azure Blob Storage", _FILES, "AZURE_STORAGE AZURE_BLOB", "blob.core.windows.net"),
    _at("Backblaze B2", _FILES, "B2 BACKBLAZE", "backblazeb2.com"),
    _at("DigitalOcean Spaces", _FILES, "SPACES DO_SPACES", "digitaloceanspaces.com"),
    _at("Cloudinary", _FILES, "CLOUDINARY", "cloudinary.com"),
    _at("UploadThing", _FILES, "UPLOADTHING", "uploadthing.com"),
    _at("MinIO", _FILES, "MINIO"),
    _at("Postmark", _MAIL, "POSTMARK", "postmarkapp.com mtasv.net"),
    _at("SendGrid", _MAIL, "SENDGRID", "sendgrid.net sendgrid.com"),
    _at("Mailgun", _MAIL, "MAILGUN", "mailgun.org mailgun.net"),
    _at("Resend", _MAIL, "RESEND", "resend.com"),
    _at("Amazon SES", _MAIL, "SES AWS_SES", "amazonses.com"),
    _at("Mailchimp", _MAIL, "MAILCHIMP MANDRILL", "mcsv.net mandrillapp.com mailchimp.com mailchimpapp.net"),
    _at("Brevo", _MAIL, "BREVO SENDINBLUE", "brevo.com sendinblue.com"),
    _at("Mailjet", _MAIL, "MAILJET", "mailjet.com"),
    _at("SparkPost", _MAIL, "SPARKPOST", "sparkpostmail.com sparkpost.com"),
    _at("MailerSend", _MAIL, "MAILERSEND", "mailersend.net mailersend.com mlsend.com"),
    _at("Loops", _MAIL, "LOOPS", "loops.so"),
    _at("Customer.io", _MAIL, "CUSTOMERIO", "customeriomail.com customer.io"),
    _at("Klaviyo", _MAIL, "KLAVIYO", "klaviyo.com klaviyomail.com"),
    _at("Google Workspace", _MAIL, "", "google.com googlemail.com gmail.com"),
    _at("Microsoft 365", _MAIL, "", "outlook.com office365.com office.com"),
    _at("Zoho", _MAIL, "ZOHO", "zoho.com zoho.eu zohomail.com zohomail.eu zeptomail.com"),
    _at("Fastmail", _MAIL, "FASTMAIL", "messagingengine.com fastmail.com"),
    _at("Proton", _MAIL, "", "protonmail.ch proton.me"),
    _at("Mail server", _MAIL, "SMTP", "", "EMAIL_HOST MAIL_HOST SMTP MAILER MAILER_DSN EMAIL_URL EMAIL_SERVER"),
    _at("Stripe", _PAY, "STRIPE", "stripe.com"),
    _at("PayPal", _PAY, "PAYPAL", "paypal.com"),
    _at("Paddle", _PAY, "PADDLE", "paddle.com"),
    _at("Lemon Squeezy", _PAY, "LEMONSQUEEZY LEMON_SQUEEZY", "lemonsqueezy.com"),
    _at("Braintree", _PAY, "BRAINTREE", "braintreegateway.com"),
    _at("Mollie", _PAY, "MOLLIE", "mollie.com"),
    _at("GoCardless", _PAY, "GOCARDLESS", "gocardless.com"),
    _at("Adyen", _PAY, "ADYEN", "adyen.com"),
    _at("Square", _PAY, "SQUAREUP", "squareup.com", "SQUARE"),
    _at("Razorpay", _PAY, "RAZORPAY", "razorpay.com"),
    _at("Sentry", _OTHER, "SENTRY", "sentry.io"),
    _at("Datadog", _OTHER, "DATADOG", "datadoghq.com datadoghq.eu", "DD"),
    _at("New Relic", _OTHER, "NEW_RELIC NEWRELIC", "newrelic.com"),
    _at("Honeybadger", _OTHER, "HONEYBADGER", "honeybadger.io"),
    _at("Rollbar", _OTHER, "ROLLBAR", "rollbar.com"),
    _at("Bugsnag", _OTHER, "BUGSNAG", "bugsnag.com"),
    _at("Better Stack", _OTHER, "LOGTAIL BETTERSTACK", "logtail.com betterstack.com"),
    _at("PostHog", _OTHER, "POSTHOG", "posthog.com"),
    _at("Segment", _OTHER, "SEGMENT", "segment.io segment.com"),
    _at("Mixpanel", _OTHER, "MIXPANEL", "mixpanel.com"),
    _at("Google Analytics", _OTHER, "GA_MEASUREMENT GA_TRACKING GOOGLE_ANALYTICS GTM", "google-analytics.com"),
    _at("Twilio", _OTHER, "TWILIO", "twilio.com"),
    _at("Slack", _OTHER, "SLACK_WEBHOOK SLACK_BOT SLACK_SIGNING", "slack.com", "SLACK"),
    _at("Intercom", _OTHER, "INTERCOM", "intercom.io"),
    _at("HubSpot", _OTHER, "HUBSPOT", "hubspot.com hubapi.com hubspotemail.net"),
    _at("Zendesk", _OTHER, "ZENDESK", "zendesk.com"),
    _at("Salesforce", _OTHER, "SALESFORCE", "salesforce.com force.com"),
    _at("Calendly", _OTHER, "CALENDLY", "calendly.com"),
    _at("DocuSign", _OTHER, "DOCUSIGN", "docusign.net docusign.com"),
    _at("OpenAI", _OTHER, "OPENAI", "openai.com"),
    _at("Anthropic", _OTHER, "ANTHROPIC CLAUDE", "anthropic.com"),
    _at("Google Gemini", _OTHER, "GEMINI GOOGLE_GENERATIVE_AI", "generativelanguage.googleapis.com"),
    _at("Mistral", _OTHER, "MISTRAL", "mistral.ai"),
    _at("Pinecone", _DB, "PINECONE", "pinecone.io"),
    _at("Auth0", _OTHER, "AUTH0", "auth0.com"),
    _at("Clerk", _OTHER, "CLERK", "clerk.com clerk.dev clerk.accounts.dev"),
    _at("Okta", _OTHER, "OKTA", "okta.com"),
    _at("WorkOS", _OTHER, "WORKOS", "workos.com"),
    _at("Amazon Cognito", _OTHER, "COGNITO", "amazoncognito.com"),
    _at(
        "Google sign-in",
        _OTHER,
        "GOOGLE_CLIENT_ID GOOGLE_CLIENT_SECRET GOOGLE_OAUTH GOOGLE_OAUTH2",
        "accounts.google.com",
    ),
    _at("GitHub", _OTHER, "GITHUB_CLIENT GITHUB_TOKEN GITHUB_APP GITHUB_OAUTH", "github.com githubusercontent.com"),
    _at("Google Maps", _OTHER, "GOOGLE_MAPS MAPS_API", "maps.googleapis.com"),
    _at("Mapbox", _OTHER, "MAPBOX", "mapbox.com"),
    _at("reCAPTCHA", _OTHER, "RECAPTCHA", "recaptcha.net"),
    _at("hCaptcha", _OTHER, "HCAPTCHA", "hcaptcha.com"),
    _at("Cloudflare", _OTHER, "CLOUDFLARE TURNSTILE", "cloudflare.com"),
    _at("Contentful", _OTHER, "CONTENTFUL", "contentful.com"),
    _at("Sanity", _OTHER, "SANITY", "sanity.io"),
    _at("Inngest", _OTHER, "INNGEST", "inngest.com"),
    _at("Pusher", _OTHER, "PUSHER", "pusher.com pusherapp.com"),
    _at("Xero", _OTHER, "XERO", "xero.com"),
    _at("QuickBooks", _OTHER, "QUICKBOOKS INTUIT", "intuit.com"),
    _at("Plaid", _OTHER, "PLAID", "plaid.com"),
)
"""Most of what client portals use. A name that fits none is drawn nowhere."""
