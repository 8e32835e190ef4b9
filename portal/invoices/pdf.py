"""An invoice as PDF. Letters outside of Latin-1 need a font of one's own; see the README."""

from collections.abc import Iterable
from io import BytesIO
from xml.sax.saxutils import escape

from django.conf import settings
from reportlab.lib import colors
from reportlab.lib.pagesizes import A4
from reportlab.lib.styles import getSampleStyleSheet
from reportlab.lib.units import mm
from reportlab.platypus import Flowable, Paragraph, SimpleDocTemplate, Spacer, Table, TableStyle

from invoices.models import Invoice, InvoiceLine, InvoiceState

_INK = colors.HexColor("#1c2733")
_RULE = colors.HexColor("#c9d2dc")


def invoice_pdf(invoice: Invoice, lines: Iterable[InvoiceLine]) -> bytes:
    """The whole document."""
    out = BytesIO()
    document = SimpleDocTemplate(
        out,
        pagesize=A4,
        leftMargin=22 * mm,
        rightMargin=22 * mm,
        topMargin=22 * mm,
        bottomMargin=22 * mm,
        title=f"Invoice {invoice}",
        author=settings.PORTAL_NAME,
    )
    document.build([*_head(invoice), _table(invoice, lines), *_foot(invoice)])
    return out.getvalue()


def _head(invoice: Invoice) -> list[Flowable]:
    styles = getSampleStyleSheet()
    address = "<br/>".join(escape(line) for line in [invoice.company.name, *invoice.company.address.splitlines()])
    facts = [f"Due on {invoice.due_on:%d %B %Y}"]
    if invoice.issued_on:
        facts.insert(0, f"Issued on {invoice.issued_on:%d %B %Y}")
    if invoice.state in (InvoiceState.PAID, InvoiceState.VOID):
        facts.append(f"{invoice.get_state_display()} on {invoice.closed_on:%d %B %Y}")
    return [
        Paragraph(escape(settings.PORTAL_NAME), styles["Heading3"]),
        Paragraph(f"Invoice {escape(str(invoice))}", styles["Title"]),
        Paragraph(address, styles["Normal"]),
        Spacer(1, 6 * mm),
        Paragraph("<br/>".join(facts), styles["Normal"]),
        Spacer(1, 8 * mm),
    ]


def _table(invoice: Invoice, lines: Iterable[InvoiceLine]) -> Table:
    normal = getSampleStyleSheet()["Normal"]
    rows: list[list[object]] = [["Description", "Quantity", "Price", "Amount"]]
    rows += [
        [Paragraph(escape(line.description), normal), line.quantity, line.unit_price, line.amount] for line in lines
    ]
    rows += [
        ["", "", "Subtotal", invoice.subtotal],
        ["", "", f"Tax {invoice.tax_percent} %", invoice.tax],
        ["", "", "Total", invoice.total],
    ]
    table = Table(rows, colWidths=[76 * mm, 22 * mm, 34 * mm, 34 * mm], repeatRows=1)
    table.setStyle(
        TableStyle(
            [
                ("ALIGN", (1, 0), (-1, -1), "RIGHT"),
                ("VALIGN", (0, 0), (-1, -1), "TOP"),
                ("TEXTCOLOR", (0, 0), (-1, -1), _INK),
                ("FONTNAME", (0, 0), (-1, 0), "Helvetica-Bold"),
                ("FONTNAME", (0, -1), (-1, -1), "Helvetica-Bold"),
                ("LINEBELOW", (0, 0), (-1, 0), 0.8, _INK),
                ("LINEBELOW", (0, 1), (-1, -4), 0.3, _RULE),
                ("LINEABOVE", (2, -1), (-1, -1), 0.8, _INK),
            ]
        )
    )
    return table


def _foot(invoice: Invoice) -> list[Flowable]:
    if not invoice.note:
        return []
    return [Spacer(1, 8 * mm), Paragraph(escape(invoice.note), getSampleStyleSheet()["Normal"])]
