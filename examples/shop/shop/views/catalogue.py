"""The teas. Looking at one is the first sign of a visitor."""

from django.shortcuts import get_object_or_404, render

from shop.contacts import track_visit
from shop.forms import OrderForm
from shop.models import Product


def catalogue(request):
    """Show all teas."""
    return render(request, "shop/catalogue.html", {"products": Product.objects.all()})


def product(request, slug):
    """Show one tea."""
    product = get_object_or_404(Product, slug=slug)
    track_visit(request, "product_viewed", product=slug)
    return render(request, "shop/product.html", {"product": product, "form": OrderForm()})
