"""The shop's addresses."""

from django.contrib.auth.views import LoginView, LogoutView
from django.urls import path

from shop.showing import show_tour
from shop.views import account, catalogue, orders, staff

urlpatterns = [
    path("", catalogue.catalogue, name="catalogue"),
    path("teas/<slug:slug>/", catalogue.product, name="product"),
    path("teas/<slug:slug>/buy/", orders.buy, name="buy"),
    path("orders/", orders.orders, name="orders"),
    path("orders/<int:pk>/complain/", orders.complain, name="complain"),
    path("sign-up/", account.sign_up, name="sign_up"),
    path("log-in/", LoginView.as_view(), name="log_in"),
    path("log-out/", LogoutView.as_view(), name="log_out"),
    path("tour/", show_tour, name="show_tour"),
    path("refer/", account.refer, name="refer"),
    path("invited/<uuid:key>/", account.invited, name="invited"),
    path("close-account/", account.close_account, name="close_account"),
    path("welcome-back/<str:token>/", account.welcome_back, name="welcome_back"),
    path("staff/", staff.desk, name="desk"),
    path("staff/customers/", staff.customers, name="customers"),
    path("staff/customers/<int:pk>/", staff.customer, name="customer"),
    path("staff/customers/<int:pk>/letter/", staff.write_letter, name="write_letter"),
    path("staff/complaints/<int:pk>/", staff.resolve, name="resolve"),
    path("staff/tasks/<int:pk>/done/", staff.finish, name="finish"),
    path("staff/returns/", staff.returns, name="returns"),
]
