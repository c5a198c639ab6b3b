"""The tables as Django's models: to query, to join the admin and the migrations. Not to write.

What is stored of a contact belongs together, and only ``track``, ``merge``, ``forget`` and the like
keep it so. Fixtures are another matter: ``loaddata`` and ``dumpdata`` work as usual.
"""

from __future__ import annotations

from typing import Any, ClassVar, NoReturn

from django.db import models
from django.db.models import (
    BigIntegerField,
    BooleanField,
    CompositePrimaryKey,
    IntegerField,
    SmallIntegerField,
)

from motfunnel.domain.event import MOST_CHARACTERS
from motfunnel.errors import ReadOnlyError
from motfunnel.integrations.django.fields import (
    InstantField,
    KeyField,
    LongTextField,
    PropertiesField,
)
from motfunnel.integrations.django.table_options import IndexWhereSet
from motfunnel.store.schema.tables import TENANT_LENGTH

_LABEL = 20


class ReadQuerySet(models.QuerySet):
    """Rows to filter and to read."""

    def bulk_create(self, *args: Any, **kwargs: Any) -> NoReturn:
        """Refuse to write."""
        raise ReadOnlyError(self.model.__name__)

    def update(self, **kwargs: Any) -> NoReturn:
        """Refuse to write."""
        raise ReadOnlyError(self.model.__name__)

    def delete(self) -> NoReturn:
        """Refuse to write."""
        raise ReadOnlyError(self.model.__name__)

    update.alters_data = delete.alters_data = True  # type: ignore[attr-defined]


class ReadModel(models.Model):
    """A row that is read."""

    objects = ReadQuerySet.as_manager()

    class Meta:
        """Shared by all."""

        abstract = True
        ordering: ClassVar = ("pk",)

    def save(self, *args: Any, **kwargs: Any) -> NoReturn:
        """Refuse to write."""
        raise ReadOnlyError(type(self).__name__)

    def delete(self, *args: Any, **kwargs: Any) -> NoReturn:
        """Refuse to write."""
        raise ReadOnlyError(type(self).__name__)

    save.alters_data = delete.alters_data = True  # type: ignore[attr-defined]


def _key(length: int = MOST_CHARACTERS) -> KeyField:
    return KeyField(max_length=length)


def _key_if_any() -> KeyField:
    return KeyField(max_length=MOST_CHARACTERS, null=True)


class _TenantsModel(ReadModel):
    tenant = _key(TENANT_LENGTH)

    class Meta(ReadModel.Meta):
        abstract = True


class Contact(_TenantsModel):
    """The state of a contact after its latest event."""

    pk = CompositePrimaryKey("tenant", "contact")
    contact = _key()
    fingerprint = _key(16)
    known = BooleanField(default=False)
    presence = _key(_LABEL)
    stage = _key()
    purchases = IntegerField(default=0)
    last_purchase_at = InstantField(null=True)
    referrals = IntegerField(default=0)
    apostle = BooleanField(default=False)
    open_cases = LongTextField()
    last_touch_at = InstantField(null=True)
    deadline_at = InstantField(null=True)
    episodes = IntegerField(default=0)
    departed_at = InstantField(null=True)
    outreaches = IntegerField(default=0)
    first_outreach_at = InstantField(null=True)
    opened_at = InstantField(null=True)
    source = LongTextField(null=True)
    moments = IntegerField(default=0)
    last_at = InstantField(null=True)
    last_signal = SmallIntegerField(null=True)
    last_stage = SmallIntegerField(null=True)
    last_id = _key_if_any()
    merged_into = _key_if_any()
    aliases = IntegerField(default=0)
    erased_at = InstantField(null=True)
    events = IntegerField(null=True)
    checkpoint = IntegerField(null=True)
    owed_since = InstantField(null=True)
    gaps = IntegerField(null=True)
    gaps_sum = BigIntegerField(null=True)

    class Meta(ReadModel.Meta):  # noqa: D106
        db_table = "motfunnel_contacts"
        indexes: ClassVar = [
            IndexWhereSet(fields=["tenant", "deadline_at"], name="motfunnel_contacts_deadline"),
            IndexWhereSet(fields=["tenant", "merged_into"], name="motfunnel_contacts_merged"),
            IndexWhereSet(fields=["tenant", "owed_since"], name="motfunnel_contacts_owed"),
        ]

    def __str__(self) -> str:
        return self.contact


class Event(_TenantsModel):
    """What happened, as it was said."""

    pk = CompositePrimaryKey("tenant", "contact", "id")
    contact = _key()
    id = _key()
    event = _key()
    occurred_at = InstantField()
    recorded_at = InstantField()
    signal = _key(_LABEL)
    properties = PropertiesField()
    alive = BooleanField()
    value = BigIntegerField(null=True)

    class Meta(ReadModel.Meta):  # noqa: D106
        db_table = "motfunnel_events"
        indexes: ClassVar = [
            models.Index(fields=["tenant", "contact", "occurred_at"], name="motfunnel_events_order")
        ]

    def __str__(self) -> str:
        return f"{self.event} of {self.contact}"


class Moment(_TenantsModel):
    """What the journey made of an event, or of a silence."""

    pk = CompositePrimaryKey("tenant", "contact", "ordinal")
    contact = _key()
    ordinal = IntegerField()
    moment = _key(_LABEL)
    occurred_at = InstantField()
    event_id = _key_if_any()
    from_stage = _key_if_any()
    to_stage = _key_if_any()
    reason = LongTextField(null=True)
    episode = IntegerField(null=True)
    referred = LongTextField(null=True)
    recorded_as = _key_if_any()

    class Meta(ReadModel.Meta):  # noqa: D106
        db_table = "motfunnel_moments"

    def __str__(self) -> str:
        return f"{self.moment} of {self.contact}"


class Episode(_TenantsModel):
    """A departure, up to its return."""

    pk = CompositePrimaryKey("tenant", "contact", "episode")
    contact = _key()
    episode = IntegerField()
    departed_at = InstantField()
    reason = LongTextField()
    stage = _key()
    customer = BooleanField()
    first_outreach_at = InstantField(null=True)
    outreaches = IntegerField(default=0)
    returned_at = InstantField(null=True)
    return_event_id = _key_if_any()

    class Meta(ReadModel.Meta):  # noqa: D106
        db_table = "motfunnel_episodes"

    def __str__(self) -> str:
        return f"departure {self.episode} of {self.contact}"


class Checkpoint(_TenantsModel):
    """Of a long history, the journey's state after so many events."""

    pk = CompositePrimaryKey("tenant", "contact", "events")
    contact = _key()
    events = IntegerField()
    last_at = InstantField()
    moments = IntegerField(default=0)
    state = LongTextField()

    class Meta(ReadModel.Meta):  # noqa: D106
        db_table = "motfunnel_checkpoints"

    def __str__(self) -> str:
        return f"{self.events} events of {self.contact}"


class Trait(_TenantsModel):
    """What ``identify`` said, from an instant on."""

    pk = CompositePrimaryKey("tenant", "contact", "event_id", "ordinal")
    contact = _key()
    event_id = _key()
    ordinal = SmallIntegerField()
    trait = LongTextField()
    value = LongTextField()
    occurred_at = InstantField()
    recorded_at = InstantField()
    owner = _key()

    class Meta(ReadModel.Meta):  # noqa: D106
        db_table = "motfunnel_traits"
        indexes: ClassVar = [
            models.Index(fields=["tenant", "owner"], name="motfunnel_traits_owner")
        ]

    def __str__(self) -> str:
        return f"{self.trait} of {self.contact}"


class Alias(_TenantsModel):
    """A key that was merged into a contact, from when to when."""

    pk = CompositePrimaryKey("tenant", "alias", "ordinal")
    alias = _key()
    ordinal = IntegerField()
    contact = _key()
    merged_at = InstantField()
    unmerged_at = InstantField(null=True)

    class Meta(ReadModel.Meta):  # noqa: D106
        db_table = "motfunnel_aliases"
        verbose_name_plural = "aliases"

    def __str__(self) -> str:
        return f"{self.alias} of {self.contact}"


class Erasure(_TenantsModel):
    """That somebody was erased, and when; not who."""

    pk = CompositePrimaryKey("tenant", "token")
    token = _key(36)
    erased_at = InstantField()
    counts_kept = BooleanField()

    class Meta(ReadModel.Meta):  # noqa: D106
        db_table = "motfunnel_erasures"

    def __str__(self) -> str:
        return self.token


class Tombstone(_TenantsModel):
    """Of who was erased, a hash that only the host's secret can make."""

    pk = CompositePrimaryKey("tenant", "mark")
    mark = _key(64)
    erased_at = InstantField()

    class Meta(ReadModel.Meta):  # noqa: D106
        db_table = "motfunnel_tombstones"

    def __str__(self) -> str:
        return self.mark


class Redaction(_TenantsModel):
    """Which event of somebody else named one who was erased, and in which parts."""

    pk = CompositePrimaryKey("tenant", "contact", "id")
    contact = _key()
    id = _key()
    mark = KeyField(max_length=64, null=True)
    parts = LongTextField()

    class Meta(ReadModel.Meta):  # noqa: D106
        db_table = "motfunnel_redactions"

    def __str__(self) -> str:
        return f"{self.id} of {self.contact}"


class Reject(_TenantsModel):
    """Input that could not be taken, and why."""

    pk = CompositePrimaryKey("tenant", "id")
    id = _key(36)
    recorded_at = InstantField()
    source = LongTextField()
    line = BigIntegerField(null=True)
    contact = LongTextField(null=True)
    event = LongTextField(null=True)
    reason = LongTextField()
    payload = LongTextField()

    class Meta(ReadModel.Meta):  # noqa: D106
        db_table = "motfunnel_rejects"

    def __str__(self) -> str:
        return self.reason


class DefinedFunnel(_TenantsModel):
    """A definition by which contacts were classified."""

    pk = CompositePrimaryKey("tenant", "fingerprint")
    fingerprint = _key(16)
    definition = LongTextField()
    used_at = InstantField()
    tracked_at = InstantField(null=True)

    class Meta(ReadModel.Meta):  # noqa: D106
        db_table = "motfunnel_funnels"
        verbose_name = "funnel"

    def __str__(self) -> str:
        return self.fingerprint


class UnfinishedImport(_TenantsModel):
    """How far an import of a file has come that was not finished."""

    pk = CompositePrimaryKey("tenant", "source")
    source = _key(64)
    line = BigIntegerField()
    added = BigIntegerField()
    rejected = BigIntegerField()
    recorded_at = InstantField()

    class Meta(ReadModel.Meta):  # noqa: D106
        db_table = "motfunnel_imports"

    def __str__(self) -> str:
        return self.source


class KeptAnswer(_TenantsModel):
    """What a section of a page shows, kept until something changes what was recorded."""

    pk = CompositePrimaryKey("tenant", "fingerprint", "page", "section")
    fingerprint = _key(16)
    page = _key(63)
    section = _key(63)
    version = _key(63)
    as_of = InstantField()
    known_by = InstantField()
    took = IntegerField()
    prefix = _key(63)
    html = LongTextField()
    csv = LongTextField()
    json = LongTextField()

    class Meta(ReadModel.Meta):  # noqa: D106
        db_table = "motfunnel_answers"

    def __str__(self) -> str:
        return f"{self.page}/{self.section}"


class Change(_TenantsModel):
    """How often something changed what was recorded, so that kept answers hold no more."""

    pk = CompositePrimaryKey("tenant", "token")
    token = _key(36)
    number = BigIntegerField()

    class Meta(ReadModel.Meta):  # noqa: D106
        db_table = "motfunnel_changes"

    def __str__(self) -> str:
        return str(self.number)


class Subscription(_TenantsModel):
    """Who is to be told of which moments."""

    pk = CompositePrimaryKey("tenant", "name")
    name = _key(TENANT_LENGTH)
    kinds = LongTextField(null=True)
    stages = LongTextField(null=True)
    reasons = LongTextField(null=True)
    erasures = BooleanField()
    filled = _key_if_any()
    subscribed_at = InstantField()

    class Meta(ReadModel.Meta):  # noqa: D106
        db_table = "motfunnel_subscriptions"

    def __str__(self) -> str:
        return self.name


class Message(_TenantsModel):
    """What a subscription has not been told yet."""

    pk = CompositePrimaryKey("tenant", "contact", "subscription", "ordinal")
    contact = _key()
    subscription = _key(TENANT_LENGTH)
    ordinal = IntegerField()
    id = _key(36)
    type = _key(_LABEL)
    body = LongTextField()
    recorded_at = InstantField()
    due_at = InstantField()
    claim = KeyField(max_length=36, null=True)
    attempts = IntegerField(default=0)
    error = LongTextField(null=True)
    failed_at = InstantField(null=True)

    class Meta(ReadModel.Meta):  # noqa: D106
        db_table = "motfunnel_messages"
        indexes: ClassVar = [
            models.Index(fields=["tenant", "subscription", "due_at"], name="motfunnel_messages_due")
        ]

    def __str__(self) -> str:
        return f"{self.type} for {self.subscription}"


class TablesVersion(ReadModel):
    """The version of these tables."""

    version = IntegerField(primary_key=True)
    recorded_at = InstantField()

    class Meta(ReadModel.Meta):  # noqa: D106
        db_table = "motfunnel_schema"
        verbose_name_plural = "versions of the tables"
        constraints: ClassVar = [
            models.CheckConstraint(
                condition=models.Q(version__gt=0), name="motfunnel_schema_version"
            )
        ]

    def __str__(self) -> str:
        return str(self.version)
