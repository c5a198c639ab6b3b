"""What people can say to the shop."""

from django import forms
from django.contrib.auth.forms import UserCreationForm
from django.contrib.auth.models import User

from shop.models import Complaint, Farewell, Invitation, Letter, Order


class SignUpForm(UserCreationForm):
    """A new account."""

    email = forms.EmailField(label="E-mail address")

    class Meta:
        """The user as Django has it."""

        model = User
        fields = ("username", "email")


class OrderForm(forms.ModelForm):
    """Buy some of one tea."""

    class Meta:
        """How many is all there is to say."""

        model = Order
        fields = ("quantity",)
        widgets = {"quantity": forms.NumberInput(attrs={"min": 1, "max": 20})}


class ComplaintForm(forms.ModelForm):
    """What was wrong with an order."""

    class Meta:
        """In the customer's own words."""

        model = Complaint
        fields = ("text",)


class AnswerForm(forms.ModelForm):
    """How the shop put it right."""

    answer = forms.CharField(label="Your answer", widget=forms.Textarea)

    class Meta:
        """In the shop's words."""

        model = Complaint
        fields = ("answer",)


class InvitationForm(forms.ModelForm):
    """A friend's address."""

    class Meta:
        """No more than is needed to write."""

        model = Invitation
        fields = ("email",)


class FarewellForm(forms.ModelForm):
    """Why somebody leaves, and whether the shop may write again."""

    reason = forms.ChoiceField(
        label="Why are you leaving?", choices=Farewell.Reason, widget=forms.RadioSelect
    )

    class Meta:
        """One of a few reasons."""

        model = Farewell
        fields = ("reason", "may_write")


class LetterForm(forms.ModelForm):
    """A letter to somebody who left."""

    class Meta:
        """The link back is added to it."""

        model = Letter
        fields = ("subject", "body")
