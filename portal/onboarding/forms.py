"""The form of a checklist step."""

from django import forms

from onboarding.models import ChecklistItem


class ItemForm(forms.ModelForm):
    """A further step for one company."""

    class Meta:
        model = ChecklistItem
        fields = ("title", "hint")
