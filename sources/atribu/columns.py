"""Columns of the Atribu analytics tables, with what the vendor says of each field.

Money is in the profile's reporting currency unless a `currency` column stands beside it. Every number is DOUBLE: the
vendor's document types none as whole, and a multi-touch model can credit half a conversion.
"""

from typing import Final

from sources.rest.catalogue.columns import (
    NOT_SET,
    Column,
    Measure,
    PiiCategory,
    boolean,
    calendar_day,
    count,
    double,
    text,
    timestamp,
)

OLDER: Final = " Only older servers send it."
NEWER: Final = " Only newer servers send it."


def key(name: str, description: str, *, empty: bool = True, pii: PiiCategory | None = None) -> Column:
    """Return a text column that tells rows apart; unless `empty` is false, null is stored as `(null)`."""
    missing = NOT_SET if empty else None
    note = f" Stored as {NOT_SET!r} where the server sends null." if empty else ""
    return text(name, description + note, key=True, missing=missing, pii=pii)


PROFILE_ID: Final = text("profile_id", "Profile (one client or brand) of the key.")
MODEL: Final = text("model", "Attribution model that was asked for.")
LEVEL: Final = text("level", "What a row is: campaign, ad_set or ad.")
GOAL: Final = text("goal", "Conversion type that was asked for.")
DAY: Final = calendar_day("date", "Day that the row stands for, in the profile's time zone.", key=True)

WITH_ORGANIC: Final = (
    "Payments without an ad behind them may be in it, which is not documented: what ads alone have earned is what"
    " campaigns have."
)

OVERVIEW: Final = (
    double("spend", "Ad spend over all connected platforms.", additive=Measure.SPEND),
    double(
        "revenue", f"Attributed revenue from confirmed payments only (cash). {WITH_ORGANIC}", additive=Measure.OUTCOMES
    ),
    double("organic_direct_revenue", "Cash revenue without an ad behind it." + NEWER, additive=Measure.OUTCOMES),
    double("roas", "Return on ad spend: revenue / spend; what revenue holds is said there."),
    count("outcomes", "Conversions.", additive=Measure.OUTCOMES),
    double("attributed_outcomes", "Conversions credited to marketing.", additive=Measure.OUTCOMES),
    double("coverage_percent", "Share of conversions that are attributed, 0 to 100."),
    double("cash_revenue", "Confirmed payments.", additive=Measure.OUTCOMES),
    count("cash_payments", "Number of confirmed payments.", additive=Measure.OUTCOMES),
    count("visitors", "Distinct visitors." + OLDER),
    count("pageviews", "Page views." + OLDER, additive=Measure.TRAFFIC),
    double("bounce_rate", "Share of sessions with one page view, 0 to 100." + OLDER),
    double("avg_engaged_seconds", "Average engaged time in seconds." + OLDER),
)

TIMESERIES: Final = (
    DAY,
    double("cash_revenue", "Confirmed payments of the day.", additive=Measure.OUTCOMES),
    double("spend", "Ad spend of the day.", additive=Measure.SPEND),
    count("visitors", "Distinct visitors of the day." + OLDER),
    count("pageviews", "Page views of the day." + OLDER, additive=Measure.TRAFFIC),
    count("bounces", "Sessions with one page view." + OLDER, additive=Measure.TRAFFIC),
)


def breakdown(value: str) -> tuple[Column, ...]:
    """Columns that the seven breakdowns share; `value` says what the dimension holds."""
    return (
        key("value", value),
        double("conversions", "Attributed conversions credited to the value.", additive=Measure.OUTCOMES),
        double("revenue", "Credit-weighted attributed revenue.", additive=Measure.OUTCOMES),
        count("visitors", "Distinct visitors." + OLDER),
        count("visits", "Sessions." + OLDER),
        count("pageviews", "Page views." + OLDER, additive=Measure.TRAFFIC),
        double("bounce_rate", "Share of sessions with one page view, 0 to 100." + OLDER),
        double("conversion_rate", "Conversions per 100 visits." + OLDER),
    )


KEYWORDS: Final = (
    key("keyword", "Search term, from Google Search Console."),
    count("impressions", "Times shown in search results.", additive=Measure.SEARCH),
    count("clicks", "Clicks from search results.", additive=Measure.SEARCH),
    double("ctr", "Click-through rate, as the server sends it (ratio or percentage is not documented)."),
    double("avg_position", "Average position in search results."),
)

QUALITY: Final = (
    count("total_events", "Tracked events.", additive=Measure.TRAFFIC),
    count("with_full_utms", "Events with full UTM parameters.", additive=Measure.TRAFFIC),
    count("with_fbclid_only", "Events with only a Facebook click id.", additive=Measure.TRAFFIC),
    count("with_no_tracking", "Events without any tracking parameter.", additive=Measure.TRAFFIC),
    double("coverage_percent", "Share of events that can be attributed, 0 to 100."),
)

_BUCKETS: Final = {
    "total": "all cash conversions",
    "ad_attributed": "cash conversions that trace to an ad",
    "inherited": "cash conversions that inherit an ad from an earlier one",
    "dangling_ad": "cash conversions whose ad is not known",
    "organic_direct": "cash conversions from organic or direct traffic",
    "unattributed": "cash conversions that trace to nothing",
}

ATTRIBUTION_COVERAGE: Final = (
    text("currency", "Currency of the values: the reporting currency."),
    *(
        column
        for bucket, what in _BUCKETS.items()
        for path in (bucket if bucket == "total" else f"buckets.{bucket}",)
        for column in (
            double(f"{bucket}_count", f"Number of {what}.", path=f"{path}.count", additive=Measure.OUTCOMES),
            double(f"{bucket}_value", f"Value of {what}.", path=f"{path}.value", additive=Measure.OUTCOMES),
        )
    ),
    double("traceable_pct_by_count", "Share of conversions that trace to an ad, 0 to 100."),
    double("traceable_pct_by_value", "Share of value that traces to an ad, 0 to 100."),
)

CAMPAIGNS: Final = (
    key("campaign_id", "Atribu's own campaign id (not the ad platform's)."),
    text("campaign_name", "Name of the campaign on the ad platform."),
    text("ad_set_id", "Id of the ad set, at the level ad_set; also of an ad, if the server tells it."),
    text("ad_set_name", "Name of the ad set, likewise."),
    text("ad_id", "Id of the ad, at the level ad."),
    text("ad_name", "Name of the ad."),
    double("spend", "Ad spend, in the reporting currency.", additive=Measure.SPEND),
    double("outcome_count", "Attributed outcomes.", additive=Measure.OUTCOMES),
    double("outcome_value", "Value of attributed outcomes.", additive=Measure.OUTCOMES),
    double("roas", "Return on ad spend: outcome_value / spend."),
)


def trend(entity: str) -> tuple[Column, ...]:
    """Columns of the daily series of campaigns, ad sets or ads."""
    return (
        DAY,
        key("entity_id", f"The {entity} (Atribu's own id) that the row stands for.", empty=False),
        double("spend", "Ad spend of the day.", additive=Measure.SPEND),
        count("impressions", "Times an ad was shown.", additive=Measure.SPEND),
        count("clicks", "Clicks on ads.", additive=Measure.SPEND),
    )


CONVERSIONS: Final = (
    key("event_type", "Conversion type, such as payment_received or lead_created."),
    count("count", "Conversions of the type.", additive=Measure.OUTCOMES),
)

CONVERSIONS_TIMESERIES: Final = (DAY, *CONVERSIONS)

REVENUE: Final = (
    DAY,
    double("revenue", f"Attributed revenue of the day, cash only. {WITH_ORGANIC}", additive=Measure.OUTCOMES),
    double("organic_direct_revenue", "Cash revenue of the day without an ad behind it.", additive=Measure.OUTCOMES),
    double("spend", "Ad spend of the day.", additive=Measure.SPEND),
)

REVENUE_CASH: Final = (
    key("source", "Payment source, such as Stripe or MercadoPago."),
    key("currency", "Currency of the payments."),
    double("total", "Sum of payments, in the row's currency.", additive=Measure.OUTCOMES),
    count("count", "Number of payments.", additive=Measure.OUTCOMES),
)

GOALS: Final = (
    key("id", "Id of the goal.", empty=False),
    text("display_name", "Name of the goal."),
    text("conversion_key", "Conversion type that the goal counts."),
    text("revenue_type", "cash, pipeline or gross; only cash enters ROAS."),
    boolean("attribution_eligible", "Whether the goal takes part in attribution."),
)

REALTIME: Final = (count("visitors_online", "Visitors active in the last 5 minutes."),)

CUSTOMERS: Final = (
    key("conversion_id", "Id of the conversion; one row per conversion that met the goal.", empty=False),
    text("customer_profile_id", "Id of the person; null where nobody knows who it was.", pii=PiiCategory.ID),
    text("name", "Name.", pii=PiiCategory.NAME),
    text("email", "E-mail address.", pii=PiiCategory.EMAIL),
    text("country", "Country."),
    text("device", "Device type."),
    text("channel", "Channel credited."),
    text("source", "Traffic source."),
    double("revenue", "Revenue of the conversion; its currency is not documented."),
    text("revenue_type", "cash, pipeline or gross."),
    timestamp("conversion_time", "When the conversion happened."),
    double("time_to_complete_seconds", "Seconds from the first touch to the conversion."),
    count("touch_count", "Touches before the conversion."),
    count("conversion_count", "Conversions of the person, over their lifetime."),
    double("total_revenue", "Revenue of the person, over their lifetime."),
)

VISITORS: Final = (
    key("visitor_id", "Id of the visitor: one browser on one device.", empty=False, pii=PiiCategory.ID),
    text("customer_profile_id", "Id of the person, once known.", pii=PiiCategory.ID),
    text("name", "Name, once known.", pii=PiiCategory.NAME),
    text("email", "E-mail address, once known.", pii=PiiCategory.EMAIL),
    text("country", "Country."),
    text("device", "Device type."),
    text("browser", "Browser."),
    text("os", "Operating system."),
    text("channel", "Channel."),
    text("source", "Traffic source."),
    double("total_revenue", "Revenue of the visitor."),
    timestamp("last_seen_at", "When the visitor was last seen."),
    count("session_count", "Sessions."),
    count("total_pageviews", "Page views."),
)

JOURNEY: Final = (
    text("event_type", "Kind of event."),
    text("event_name", "Name of the event."),
    timestamp("event_time", "When it happened."),
    text("url", "Address of the page.", pii=PiiCategory.URL),
    text("path", "Path of the page.", pii=PiiCategory.URL),
    text("channel", "Channel."),
    text("source", "Traffic source."),
    text("medium", "Traffic medium."),
    text("campaign", "Campaign."),
    double("value_amount", "Value of the event, in its currency."),
    text("currency", "Currency of the value."),
    text("device", "Device type."),
    text("browser", "Browser."),
    text("os", "Operating system."),
    text("country", "Country."),
    text("city", "City.", pii=PiiCategory.PLACE),
    boolean("is_synthetic", "Meaning not documented."),
)

PROFILE_TABLE: Final = "profile"
PROFILE_DESCRIPTION: Final = "One row per profile: what the configuration says of it, and the API does not."
PROFILE: Final = (
    PROFILE_ID,
    text("timezone", "Time zone that decides what today is, as configured."),
    text("reporting_currency", "Currency of all money without a currency of its own, as configured."),
    text("profile_name", "What the configuration calls the profile; null for the one without a name."),
)
