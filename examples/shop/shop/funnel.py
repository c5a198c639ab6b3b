"""What each thing that happens here means. The names are those that the views track."""

from datetime import timedelta

from motfunnel import Funnel, complain, leave, outreach, purchase, reach, refer, resolve, touch

funnel = Funnel(
    stages=("visitor", "member", "customer"),
    rules={
        "product_viewed": touch(),
        "invitation_opened": touch(),
        "signed_up": reach("member"),
        "logged_in": touch(),
        "order_placed": purchase(),
        "friend_referred": refer(referred="friend"),
        "complaint_made": complain(case="complaint"),
        "complaint_resolved": resolve(case="complaint"),
        "account_closed": leave(reason="reason"),
        "letter_sent": outreach(),
        "letter_answered": touch(),
    },
    patience={
        "visitor": timedelta(days=14),
        "member": timedelta(days=30),
        "customer": timedelta(days=90),
    },
    unmapped="refuse",  # a misspelt name fails in a test, not in a report a year later
)
