"""What the templates of the tools ask of a form's fields."""

from __future__ import annotations

from django import forms, template
from django.forms import BoundField

register = template.Library()


@register.filter
def is_single_box(field: BoundField) -> bool:
    """Whether the label stands behind the field, as with one checkbox."""
    return isinstance(field.field.widget, forms.CheckboxInput)


@register.filter
def is_choice_of_boxes(field: BoundField) -> bool:
    """Whether the field is a group of radio buttons or checkboxes."""
    return isinstance(field.field.widget, forms.RadioSelect | forms.CheckboxSelectMultiple)
