"""A company's users, customers, invoices and documents."""

from django.contrib.auth.models import AbstractBaseUser, BaseUserManager
from django.db import models


class Company(models.Model):
    """One tenant."""

    name = models.CharField(max_length=100)


class User(AbstractBaseUser):
    """Somebody of a company who may log in."""

    email = models.EmailField(unique=True)
    company = models.ForeignKey(Company, models.CASCADE)
    objects = BaseUserManager()
    USERNAME_FIELD = "email"


class Customer(models.Model):
    """Who a company sends invoices to."""

    company = models.ForeignKey(Company, models.CASCADE)
    name = models.CharField(max_length=100)


class Invoice(models.Model):
    """One invoice."""

    company = models.ForeignKey(Company, models.CASCADE, db_index=False)
    customer = models.ForeignKey(Customer, models.CASCADE)
    number = models.CharField(max_length=20)
    status = models.CharField(max_length=10)
    amount = models.DecimalField(max_digits=10, decimal_places=2)
    issued_on = models.DateField()
    note = models.TextField(default="")

    class Meta:
        """A company's newest come first."""

        indexes = (models.Index(fields=["company", "-issued_on", "-id"], name="invoice_of_company"),)


class Line(models.Model):
    """One line of an invoice."""

    invoice = models.ForeignKey(Invoice, models.CASCADE)
    text = models.CharField(max_length=200)
    amount = models.DecimalField(max_digits=10, decimal_places=2)


class Document(models.Model):
    """A file that a company has sent."""

    company = models.ForeignKey(Company, models.CASCADE)
    name = models.CharField(max_length=200)
    file = models.FileField(upload_to="sent/")
    size = models.PositiveIntegerField()
    sent_at = models.DateTimeField(auto_now_add=True)
