"""What the newsletter's events mean: the whole of its configuration for motfunnel."""

from datetime import timedelta

from motfunnel import Funnel, complain, leave, outreach, purchase, reach, refer, resolve, touch

funnel = Funnel(
    stages=("visitor", "lead", "subscriber", "patron"),
    rules={
        "subscribed": reach("lead"),
        "confirmed": reach("subscriber"),
        "issue_read": touch(),
        "plan_paid": purchase(),
        "friend_joined": refer(referred="friend"),
        "complained": complain(case="ticket"),
        "complaint_resolved": resolve(case="ticket"),
        "unsubscribed": leave(reason="reason"),
        "winback_sent": outreach(),
        "came_back": touch(),
    },
    patience={
        "visitor": timedelta(days=14),
        "lead": timedelta(days=14),
        "subscriber": timedelta(days=45),  # three issues unread
        "patron": timedelta(days=75),
    },
)
