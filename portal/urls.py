"""Every address of the site. English stands at the root, other languages under their code."""

from django.conf.urls.i18n import i18n_patterns
from django.contrib import admin
from django.contrib.sitemaps.views import sitemap
from django.urls import include, path

from learn import anatomy_views, glossary_views, progress_views
from learn import views as learn
from learn.classroom import views as classroom
from learn.feeds import ArticlesFeed
from learn.journey import views as journey
from learn.own_zones import exercise_views, queries
from learn.own_zones import views as own_zones
from learn.search import views as search_views
from lookups import events, finding_views, saved_views, views
from lookups.alerts import views as alerts
from lookups.alerts import webhook_views
from lookups.api import pages as api_pages
from lookups.api import site as api
from lookups.api import token_views
from lookups.bulk import adoption_views, bulk_events, bulk_views
from lookups.hosted import delivery, report_views, spf_views
from lookups.hosted import views as hosted
from lookups.opt_out import views as opt_out
from lookups.sharing import badge_views, exports, history_exports
from lookups.sharing import views as sharing
from lookups.teams import invitation_views
from lookups.teams import views as teams
from lookups.tools import views as tools
from lookups.tools.reports import views as reports
from lookups.watching import history_views
from lookups.watching import views as watching
from portal import account_views, seo, well_known
from portal import views as portal
from portal.accounts import urls as accounts
from portal.operating import probes

handler400 = "portal.views.bad_request"
handler403 = "portal.views.forbidden"
handler500 = "portal.views.server_error"

urlpatterns = [
    path("healthz", probes.healthz, name="healthz"),
    path("readyz", probes.readyz, name="readyz"),
    path("metrics", probes.metrics, name="metrics"),
    path("robots.txt", seo.robots, name="robots"),
    path(".well-known/security.txt", well_known.security_txt, name="security-txt"),
    path(
        ".well-known/change-password",
        well_known.change_password,
        name="change-password",
    ),
    path("favicon.ico", portal.favicon, name="favicon"),
    path("badge/<str:token>.svg", badge_views.picture, name="badge"),
    path("sitemap.xml", sitemap, {"sitemaps": seo.sitemaps}, name="sitemap"),
    path("admin/", admin.site.urls),
    path("hosted/reports/<str:token>/", delivery.deliver, name="deliver-report"),
    path("hosted/tls-ask", delivery.tls_ask, name="tls-ask"),
]

urlpatterns += i18n_patterns(
    path("", portal.home, name="home"),
    path("check/", views.check, name="check"),
    path("check/live/", views.live, name="live"),
    path("r/<str:token>/", views.report, name="report"),
    path("r/<str:token>/events/", events.events, name="report-events"),
    path("r/<str:token>/card.png", views.card, name="report-image"),
    path("r/<str:token>/report.json", views.report_json, name="report-json"),
    path("r/<str:token>/report.csv", exports.export, {"format": exports.CSV}, name="report-csv"),
    path(
        "r/<str:token>/report.md",
        exports.export,
        {"format": exports.MARKDOWN},
        name="report-markdown",
    ),
    path("r/<str:token>/report.pdf", exports.export, {"format": exports.PDF}, name="report-pdf"),
    path("r/<str:token>/share/", sharing.share, name="report-share"),
    path("r/<str:token>/share/undo/", sharing.restore, name="report-share-undo"),
    path("r/<str:token>/revoke/", sharing.revoke, name="report-revoke"),
    path("r/<str:token>/renew/", sharing.renew, name="report-renew"),
    path("r/<str:token>/save/", views.save, name="report-save"),
    path("tools/", tools.index, name="tools"),
    path("tools/reports/", reports.reports, name="reports"),
    path("tools/reports/kept/", reports.kept, name="reports-kept"),
    path("tools/reports/kept/delete/", reports.delete_all, name="reports-kept-delete-all"),
    path("tools/reports/kept/<int:id>/delete/", reports.delete, name="reports-kept-delete"),
    path("tools/<slug:slug>/", tools.tool, name="tool"),
    path("findings/", finding_views.findings, name="findings"),
    path("findings/<slug:id>/", finding_views.finding, name="finding"),
    path("opt-out/", opt_out.opt_out_page, name="opt-out"),
    path("score/", finding_views.score_page, name="score"),
    path("domains/", watching.watches, name="watches"),
    path("domains/<str:token>/", history_views.watch, name="watch"),
    path("domains/<str:token>/compare/", history_views.compare, name="watch-compare"),
    path(
        "domains/<str:token>/compare.md",
        history_exports.compare_markdown,
        name="watch-compare-markdown",
    ),
    path("domains/<str:token>/history.csv", history_exports.history_csv, name="watch-history-csv"),
    path("domains/<str:token>/badge/", badge_views.switch, name="watch-badge"),
    path("domains/<str:token>/check/", watching.check, name="watch-check"),
    path("domains/<str:token>/settings/", watching.settings, name="watch-settings"),
    path("domains/<str:token>/move/", watching.move, name="watch-move"),
    path("domains/<str:token>/delete/", watching.delete, name="watch-delete"),
    path("domains/<str:token>/restore/", watching.restore, name="watch-restore"),
    path("alerts/", alerts.alerts, name="alerts"),
    path("alerts/unsubscribe/<str:token>/", alerts.unsubscribe, name="alert-unsubscribe"),
    path("teams/", teams.teams, name="teams"),
    path("teams/<str:token>/", teams.team, name="team"),
    path("teams/<str:token>/rename/", teams.rename, name="team-rename"),
    path("teams/<str:token>/invite/", teams.invite, name="team-invite"),
    path(
        "teams/<str:token>/invitations/<str:invitation>/withdraw/",
        teams.withdraw,
        name="team-withdraw",
    ),
    path("teams/<str:token>/members/<int:member>/role/", teams.change_role, name="team-role"),
    path("teams/<str:token>/members/<int:member>/remove/", teams.remove, name="team-remove"),
    path("teams/<str:token>/leave/", teams.leave, name="team-leave"),
    path("teams/<str:token>/delete/", teams.delete, name="team-delete"),
    path("invitations/<str:token>/", invitation_views.invitation, name="invitation"),
    path("domains/<str:token>/proof/", hosted.proof_page, name="watch-proof"),
    path("domains/<str:token>/mta-sts/", hosted.policy_page, name="watch-mta-sts"),
    path("domains/<str:token>/spf/", spf_views.spf_page, name="watch-spf"),
    path("domains/<str:token>/reports/", report_views.reports, name="watch-reports"),
    path("domains/<str:token>/reports/setup/", report_views.setup, name="watch-reports-setup"),
    path("saved/", saved_views.saved, name="saved"),
    path("saved/<str:token>/edit/", saved_views.edit, name="saved-edit"),
    path("saved/<str:token>/unsave/", saved_views.unsave, name="saved-unsave"),
    path("saved/<str:token>/delete/", saved_views.delete, name="saved-delete"),
    path("saved/<str:token>/restore/", saved_views.restore, name="saved-restore"),
    path("saved/<str:token>/revoke/", saved_views.revoke, name="saved-revoke"),
    path("saved/<str:token>/renew/", saved_views.renew, name="saved-renew"),
    path("bulk/", bulk_views.bulks, name="bulks"),
    path("bulk/<str:token>/", bulk_views.bulk, name="bulk"),
    path("bulk/<str:token>/events/", bulk_events.events, name="bulk-events"),
    path("bulk/<str:token>/results.csv", bulk_views.results_csv, name="bulk-csv"),
    path("bulk/<str:token>/results.json", bulk_views.results_json, name="bulk-json"),
    path("bulk/<str:token>/pause/", bulk_views.pause, name="bulk-pause"),
    path("bulk/<str:token>/resume/", bulk_views.resume, name="bulk-resume"),
    path("bulk/<str:token>/cancel/", bulk_views.cancel, name="bulk-cancel"),
    path("bulk/<str:token>/again/", bulk_views.again, name="bulk-again"),
    path("bulk/<str:token>/publish/", bulk_views.publish, name="bulk-publish"),
    path("bulk/<str:token>/unpublish/", bulk_views.unpublish, name="bulk-unpublish"),
    path("bulk/<str:token>/delete/", bulk_views.delete, name="bulk-delete"),
    path("adoption/<str:token>/", adoption_views.adoption, name="adoption"),
    path("adoption/<str:token>/figures.csv", adoption_views.figures, name="adoption-figures"),
    path("adoption/<str:token>/domains.csv", adoption_views.domains, name="adoption-domains"),
    path("learn/", learn.learn, name="learn"),
    path("learn/feed/", ArticlesFeed(), name="learn-feed"),
    path("learn/tracks/<slug:id>/", learn.track, name="track"),
    path("learn/progress/merge/", progress_views.merge, name="progress-merge"),
    path("learn/progress/undo/", progress_views.undo, name="progress-undo"),
    path("learn/anatomy/", anatomy_views.anatomy, name="anatomy"),
    path("learn/journey/", journey.journey, name="journey"),
    path("learn/glossary/", glossary_views.glossary, name="glossary"),
    path("learn/<slug:slug>/", learn.article, name="article"),
    path("learn/<slug:slug>/done/", progress_views.done, name="article-done"),
    path("learn/<slug:slug>/card.png", learn.image, name="article-image"),
    path("search/", search_views.search, name="search"),
    path("classroom/", classroom.classroom, name="classroom"),
    path("classroom/zone/", own_zones.own_zones, name="own-zones"),
    path("classroom/zone/<slug:label>/", own_zones.own_zone, name="own-zone"),
    path("classroom/zone/<slug:label>/undo/", own_zones.undo, name="own-zone-undo"),
    path("classroom/zone/<slug:label>/delete/", own_zones.delete, name="own-zone-delete"),
    path("classroom/zone/<slug:label>/queries/", queries.events, name="own-zone-queries"),
    path("classroom/exercises/", exercise_views.index, name="exercises"),
    path("classroom/exercises/<slug:id>/", exercise_views.exercise, name="exercise"),
    path("classroom/<slug:id>/", classroom.group, name="classroom-group"),
    path("api/", api_pages.guide, name="api"),
    path("api/v1/docs", api_pages.docs, name="api-docs"),
    path("api/v1/problems/<slug:code>", api_pages.problem, name="api-problem"),
    path("account/", account_views.account, name="account"),
    path("account/alerts/", alerts.settings, name="alert-settings"),
    path("account/alerts/test/", alerts.test, name="alert-test"),
    path("account/webhooks/", webhook_views.webhooks, name="webhooks"),
    path("account/webhooks/<str:token>/", webhook_views.webhook, name="webhook"),
    path("account/webhooks/<str:token>/renew/", webhook_views.renew, name="webhook-renew"),
    path("account/webhooks/<str:token>/switch/", webhook_views.switch, name="webhook-switch"),
    path("account/webhooks/<str:token>/test/", webhook_views.test, name="webhook-test"),
    path("account/webhooks/<str:token>/resend/", webhook_views.resend, name="webhook-resend"),
    path("account/webhooks/<str:token>/delete/", webhook_views.delete, name="webhook-delete"),
    path("account/export.json", account_views.account_export, name="account-export"),
    path("account/tokens/", token_views.tokens, name="api-tokens"),
    path("account/tokens/<int:id>/revoke/", token_views.revoke, name="api-token-revoke"),
    path("account/delete/", account_views.account_delete, name="account-delete"),
    path("account/", include(accounts.own)),
    path("accounts/second-factor/", include(accounts.second_factor)),
    path("accounts/", include("allauth.account.urls")),
    prefix_default_language=False,
)

urlpatterns += api.urls()
