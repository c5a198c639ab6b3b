"""The shop's records in the admin; motfunnel brings its own pages."""

from django.contrib import admin

from shop.models import Complaint, Farewell, Invitation, Letter, Order, Product, Task

for model in (Product, Order, Complaint, Invitation, Farewell, Letter, Task):
    admin.site.register(model)
