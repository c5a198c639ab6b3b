"""Buying, and complaining about what was bought.

The shop's own record and what motfunnel makes of it are one transaction: both are there, or none.
"""

from django.contrib import messages
from django.db import transaction
from django.shortcuts import get_object_or_404, redirect, render
from django.views.decorators.http import require_POST
from motfunnel import track

from shop.contacts import customer_required
from shop.forms import ComplaintForm, OrderForm
from shop.models import Order, Product


@require_POST
@customer_required
def buy(request, slug):
    """Place an order."""
    product = get_object_or_404(Product, slug=slug)
    form = OrderForm(request.POST, instance=Order(user=request.user, product=product))
    if not form.is_valid():
        return render(request, "shop/product.html", {"product": product, "form": form})
    form.instance.price = product.price
    with transaction.atomic():
        order = form.save()
        track(
            request.user,
            "order_placed",
            id=f"order-{order.pk}",
            properties={"product": slug, "value": float(order.total)},
        )
    messages.success(request, f"Thank you. {order.quantity} × {product} is on its way.")
    return redirect("orders")


@customer_required
def orders(request):
    """Show what the customer has bought."""
    placed = request.user.orders.select_related("product").prefetch_related("complaints")
    return render(request, "shop/orders.html", {"orders": placed})


@customer_required
def complain(request, pk):
    """Say what was wrong with an order."""
    order = get_object_or_404(request.user.orders, pk=pk)
    form = ComplaintForm(request.POST or None)
    if form.is_valid():
        form.instance.order = order
        with transaction.atomic():
            complaint = form.save()
            track(
                request.user,
                "complaint_made",
                id=f"complaint-{complaint.pk}",
                properties={"complaint": complaint.pk, "product": order.product.slug},
            )
        messages.success(request, "We are sorry, and will write to you soon.")
        return redirect("orders")
    return render(request, "shop/complain.html", {"form": form, "order": order})
