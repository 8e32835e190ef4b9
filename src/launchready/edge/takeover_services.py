"""Hosting services a forgotten alias may point to, as data: how each says "nobody is here", and who may move in.

Says nothing about a domain; `dangling.py` judges by it. Most services have come to ask for proof of ownership, so
that the abandoned name is broken but not for the taking; each row names the thread or page that says which.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from enum import StrEnum

_LIST = "https://github.com/EdOverflow/can-i-take-over-xyz"


class Claim(StrEnum):
    """Who can take an abandoned name at a service."""

    STRANGER = "any customer of the service can take it"
    OWNER = "the service asks for proof of ownership, or is reported not to give the name away"


@dataclass(frozen=True, slots=True)
class Service:
    """A hosting service and the signs of an abandoned name there."""

    name: str
    targets: str
    """Regular expression that the end of an alias's target matches."""
    claim: Claim
    source: str
    """Where it is known from."""
    says: tuple[str, ...] = ()
    """Any of these in the page of an abandoned name."""
    statuses: range = range(400, 600)
    """With one of these HTTP status codes."""
    header: tuple[str, str] = ("", "")
    """Or this header, name and beginning of its value."""
    gone: bool = False
    """An abandoned name stops to exist in DNS."""
    proof: str = ""
    """TXT record that binds the name to its owner; `{host}`, `{account}` (first label of the target)."""

    def hosts(self, target: str) -> bool:
        """Whether an alias to `target` leads to this service."""
        return re.search(rf"(?:^|\.)(?:{self.targets})$", target) is not None


def service_of(target: str) -> Service | None:
    """The service an alias's target belongs to; the first that fits, as special names stand before general ones."""
    return next((service for service in SERVICES if service.hosts(target)), None)


def _issue(number: int) -> str:
    return f"{_LIST}/issues/{number}"


_ANY = range(200, 600)
_AZURE = "https://learn.microsoft.com/azure/security/fundamentals/subdomain-takeover"
_RANDOM_APP = r"[a-z0-9-]+-[a-z0-9]{16}\.[a-z0-9]+-\d\d\.azurewebsites\.net"

SERVICES = (
    # Free for the taking.
    Service("GitHub Pages", r"github\.io", Claim.STRANGER,
            "https://docs.github.com/pages/configuring-a-custom-domain-for-your-github-pages-site/verifying-your-custom-domain-for-github-pages",
            ("There isn't a GitHub Pages site here.",), proof="_github-pages-challenge-{account}.{host}"),
    Service("Amazon S3", r"s3[.-](?:dualstack\.|website[.-])?(?:[a-z0-9-]+\.)?amazonaws\.com(?:\.cn)?", Claim.STRANGER,
            _issue(36), ("NoSuchBucket", "The specified bucket does not exist")),
    Service("AWS Elastic Beanstalk, name with random part", r"eba-[a-z0-9]{8}\.[a-z0-9-]+\.elasticbeanstalk\.com",
            Claim.OWNER, _issue(194), gone=True),
    Service("AWS Elastic Beanstalk", r"[a-z0-9-]+\.elasticbeanstalk\.com", Claim.STRANGER, _issue(194), gone=True),
    Service("Azure App Service, name with random part", _RANDOM_APP, Claim.OWNER,
            "https://github.com/EdOverflow/can-i-take-over-xyz/pull/450",
            ("404 Web Site not found",), gone=True),
    Service("Azure App Service", r"azurewebsites\.net", Claim.STRANGER, _AZURE, ("404 Web Site not found",),
            gone=True, proof="asuid.{host}"),
    Service("Azure Virtual Machines and Cloud Services", r"cloudapp\.net|cloudapp\.azure\.com", Claim.STRANGER, _AZURE,
            gone=True),
    Service("Azure Traffic Manager", r"trafficmanager\.net", Claim.STRANGER, _AZURE, gone=True),
    Service("Azure Storage", r"(?:blob|web|z\d+\.web)\.core\.windows\.net", Claim.STRANGER, _AZURE, gone=True),
    Service("Azure CDN", r"azureedge\.net", Claim.STRANGER, _AZURE, gone=True),
    Service("Azure API Management", r"azure-api\.net", Claim.STRANGER, _AZURE, gone=True),
    Service("Azure Container Instances", r"azurecontainer\.io", Claim.STRANGER, _AZURE, gone=True),
    Service("Read the Docs", r"readthedocs\.io|readthedocs\.org", Claim.STRANGER,
            "https://github.com/readthedocs/readthedocs.org/issues/11242",
            ("unknown to Read the Docs", "The link you have followed or the URL that you entered does not exist.")),
    Service("Surge", r"surge\.sh", Claim.STRANGER, "https://surge.sh/help/adding-a-custom-domain",
            ("project not found",)),
    Service("Bitbucket", r"bitbucket\.io", Claim.STRANGER, _LIST, ("Repository not found",)),
    Service("Ghost", r"ghost\.io", Claim.STRANGER, _issue(89),
            ("The thing you were looking for is no longer here, or never was",)),
    Service("Pantheon", r"pantheonsite\.io", Claim.STRANGER, _issue(24), ("404 error unknown site!",)),
    Service("WordPress.com", r"wordpress\.com", Claim.STRANGER, f"{_LIST}/pull/176", ("Do you want to register",),
            statuses=_ANY),
    Service("Help Scout", r"helpscoutdocs\.com", Claim.STRANGER, _LIST, ("No settings were found for this company:",),
            statuses=_ANY),
    Service("Helpjuice", r"helpjuice\.com", Claim.STRANGER, _LIST, ("We could not find what you're looking for.",)),
    Service("Pingdom", r"stats\.pingdom\.com", Claim.STRANGER, _issue(144), ("Sorry, couldn't find the status page",),
            statuses=_ANY),
    Service("UptimeRobot", r"stats\.uptimerobot\.com", Claim.STRANGER, _issue(45), ("page not found",)),
    Service("ReadMe, name with random part", r"readmessl\.com", Claim.OWNER, _issue(72),
            ("Project doesnt exist... yet!",), statuses=_ANY),
    Service("ReadMe", r"readme\.io", Claim.STRANGER, _issue(41), ("Project doesnt exist... yet!",), statuses=_ANY),
    Service("Strikingly", r"strikinglydns\.com|strikingly\.com", Claim.STRANGER, _issue(58),
            ("But if you're looking to build your own website",), statuses=_ANY),
    Service("LaunchRock", r"launchrock\.com", Claim.STRANGER, _issue(74),
            ("It looks like you may have taken a wrong turn somewhere.",), statuses=_ANY),
    Service("Intercom", r"custom\.intercom\.help", Claim.STRANGER, _issue(69), ("Uh oh. That page doesn't exist.",)),
    Service("Kinsta", r"kinsta\.cloud|kinsta\.com", Claim.STRANGER, _issue(48), ("No Site For Domain",)),
    Service("Uberflip", r"read\.uberflip\.com", Claim.STRANGER, _issue(150),
            ("Non-hub domain, The URL you've accessed",), statuses=_ANY),
    Service("YouTrack", r"youtrack\.cloud|myjetbrains\.com", Claim.STRANGER, _LIST,
            ("is not a registered InCloud YouTrack",), statuses=_ANY),
    Service("SmartJobBoard", r"mysmartjobboard\.com|smartjobboard\.com", Claim.STRANGER, _issue(139),
            ("This job board website is either expired or its domain name is invalid.",), statuses=_ANY),
    Service("Worksites", r"worksites\.net", Claim.STRANGER, _issue(142),
            ("Hello! Sorry, but the website you’re looking for doesn’t exist.",), statuses=_ANY),
    Service("ngrok", r"ngrok\.io", Claim.STRANGER, _issue(92), ("ngrok.io not found",)),
    # Abandoned names are broken, but a stranger is not let in.
    Service("Heroku", r"herokuapp\.com|herokudns\.com|herokussl\.com", Claim.OWNER, _issue(38),
            ("No such app", "no-such-app.html"), gone=True),
    Service("Netlify", r"netlify\.app|netlify\.com|netlifyglobalcdn\.com", Claim.OWNER,
            "https://github.com/projectdiscovery/nuclei-templates/pull/12569", ("Not Found - Request ID:",), gone=True),
    Service("Vercel", r"vercel\.app|vercel-dns(?:-\d+)?\.com|now\.sh|zeit\.co", Claim.OWNER,
            "https://github.com/projectdiscovery/nuclei-templates/issues/9596",
            ("DEPLOYMENT_NOT_FOUND", "The deployment could not be found on Vercel."),
            header=("x-vercel-error", "DEPLOYMENT_NOT_FOUND"), gone=True),
    Service("Shopify", r"myshopify\.com", Claim.OWNER,
            "https://github.com/projectdiscovery/nuclei-templates/issues/9595",
            ("Sorry, this shop is currently unavailable.", "Only one step left!"), statuses=_ANY),
    Service("Fastly", r"fastly\.net|fastlylb\.net", Claim.OWNER, _issue(22), ("Fastly error: unknown domain",)),
    Service("Amazon CloudFront", r"cloudfront\.net", Claim.OWNER,
            "https://aws.amazon.com/blogs/networking-and-content-delivery/continually-enhancing-domain-security-on-amazon-cloudfront/",
            gone=True),
    Service("AWS Elastic Load Balancing", r"elb\.(?:[a-z0-9-]+\.)?amazonaws\.com", Claim.OWNER, _issue(137), gone=True),
    Service("Zendesk", r"zendesk\.com", Claim.OWNER, _issue(23), ("Help Center Closed",), statuses=_ANY),
    Service("Tumblr", r"domains\.tumblr\.com", Claim.OWNER, _issue(240),
            ("Whatever you were looking for doesn't currently exist at this address",)),
    Service("Webflow", r"(?:proxy|proxy-ssl|cdn)\.webflow\.com|webflow\.io", Claim.OWNER, _issue(44),
            ("The page you are looking for doesn't exist or has been moved.",)),
    Service("Wix", r"wixdns\.net|wixsite\.com", Claim.OWNER, _issue(231),
            ("ConnectYourDomain", "Isn't Connected To A Website Yet"), statuses=_ANY),
    Service("Unbounce", r"unbouncepages\.com", Claim.OWNER, _issue(11),
            ("The requested URL was not found on this server.",)),
    Service("Squarespace", r"squarespace\.com", Claim.OWNER, _LIST, ("Domain Not Claimed", "No Such Account")),
    Service("Firebase", r"web\.app|firebaseapp\.com", Claim.OWNER, _issue(128), ("Site Not Found",)),
    Service("Google Cloud Storage", r"c\.storage\.googleapis\.com", Claim.OWNER, _LIST, ("NoSuchBucket",)),
    Service("HubSpot", r"hs-sites\.com|hubspot\.net", Claim.OWNER, _issue(59), ("This page isn't available",)),
    Service("Fly.io", r"fly\.dev", Claim.OWNER, _issue(132), gone=True),
    Service("Render", r"onrender\.com", Claim.OWNER, "https://render.com/docs/custom-domains",
            header=("x-render-routing", "no-server"), gone=True),
    Service("Statuspage", r"stspg-customer\.com|statuspage\.io", Claim.OWNER,
            "https://support.atlassian.com/statuspage/docs/configure-your-dns/", gone=True),
)  # fmt: skip
"""Read from the issue threads of can-i-take-over-xyz, nuclei-templates and the services' own pages, November 2026."""
