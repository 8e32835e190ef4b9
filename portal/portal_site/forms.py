"""How forms are drawn: Django's renderer with the portal's templates."""

from django.forms.renderers import TemplatesSetting


class PortalFormRenderer(TemplatesSetting):
    """Label, help, control, error: in this order, joined for screen readers by Django."""

    form_template_name = "portal_site/forms/form.html"
    field_template_name = "portal_site/forms/field.html"
