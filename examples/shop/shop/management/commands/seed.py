"""``manage.py seed``: teas, people and their history, unless they are there already."""

from datetime import timedelta
from operator import itemgetter

import motfunnel
from django.contrib.auth.hashers import make_password
from django.contrib.auth.models import User
from django.core.management.base import BaseCommand
from django.db import transaction
from django.utils import timezone
from django.utils.text import slugify

from shop.models import Product, Task
from shop.seeding.acts import Life
from shop.seeding.people import PEOPLE, SOURCES, STORIES, VISITORS
from shop.seeding.teas import TEAS


class Command(BaseCommand):
    """Fills an empty shop."""

    help = "Fill the shop with teas, people and their history, unless it has them already."

    def handle(self, **options):
        """Fill it, and say so."""
        told = self.fill()
        if options["verbosity"]:
            self.stdout.write(told)

    def fill(self):
        """Seed once, in one transaction; then write down who has fallen silent."""
        if Product.objects.exists():
            return "The shop has been seeded already."
        with transaction.atomic():
            seed()
        motfunnel.tracker().sweep()
        month_ago = timezone.now() - timedelta(days=30)
        Task.objects.filter(since__lt=month_ago, done_at=None).update(done_at=month_ago)
        return f"Seeded {len(PEOPLE)} customers and {VISITORS} visitors."


def seed():
    """Write the teas, the people, and everything that they did."""
    now = timezone.now()
    products = stock()
    User.objects.create_superuser("staff", "staff@example.com", "staff")
    password = make_password("tea")  # everybody's: hashing is slow on purpose
    lives = {
        name: Life(make_user(name, password), products, source_of(number, referrer))
        for number, (name, _, _, referrer) in enumerate(PEOPLE)
    }
    friends = []
    for minutes, (name, story, later, referrer) in enumerate(PEOPLE):
        start = now + timedelta(days=later, minutes=-17 * minutes)
        live(lives[name], STORIES[story], start)
        if referrer is not None:
            joined = lives[name].user.date_joined - timedelta(hours=5)
            invitation = lives[referrer].refer(joined, lives[name].user)
            friends.append((invitation.visitor, lives[name].user))
    events = [event for life in lives.values() for event in life.events]
    events += [visit(number, now) for number in range(VISITORS)]
    tracker = motfunnel.tracker()
    tracker.track_many(sorted(events, key=itemgetter("occurred_at")))
    for visitor, user in friends:
        tracker.merge(visitor, into=user)


def stock():
    """Put the teas on the shelf."""
    for name, kind, price, colour, taste in TEAS:
        Product.objects.create(
            name=name, slug=slugify(name), kind=kind, price=price, colour=colour, taste=taste
        )
    return list(Product.objects.all())


def make_user(name, password):
    """Open an account."""
    return User.objects.create(username=name, email=f"{name}@example.com", password=password)


def source_of(number, referrer):
    """How somebody first heard of the shop."""
    return "friend" if referrer else SOURCES[number % len(SOURCES)]


def live(life, story, start):
    """Carry out a story such as ``41 sign_up, 38 buy``; what would lie ahead has not happened."""
    for number, sentence in enumerate(story.split(", ")):
        days, act = sentence.split(" ", 1)
        name, _, detail = act.partition(":")
        at = start - timedelta(days=int(days), minutes=-97 * number)
        if at < timezone.now():
            life.act(name, at, detail)


def visit(number, now):
    """Somebody looked at a tea, and nothing else is known of them."""
    return {
        "contact": f"visitor:seeded-{number}",
        "event": "product_viewed",
        "occurred_at": now - timedelta(days=3 + 7 * number, minutes=41 * number),
        "id": "first",
        "properties": {"source": source_of(number, None)},
    }
