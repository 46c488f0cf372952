"""The addresses of the pruning floor under `/api/v1/`."""

from django.urls import path

from pruning.api.backtests import BacktestView
from pruning.api.library import CardView, PoliciesView, PolicyView, StarterView

app_name = "pruning_api"

urlpatterns = [
    path("policies", PoliciesView.as_view(), name="policies"),
    path("policies/<slug:key>", PolicyView.as_view(), name="policy"),
    path("cards", CardView.as_view({"get": "list"}), name="cards"),
    path("cards/starter", StarterView.as_view(), name="starter"),
    path("studies/<key:pk>/card", CardView.as_view({"get": "retrieve"}), name="card"),
    path("backtests", BacktestView.as_view({"get": "list", "post": "create"}), name="backtests"),
    path(
        "backtests/<key:pk>",
        BacktestView.as_view({"get": "retrieve", "patch": "partial_update", "delete": "destroy"}),
        name="backtest",
    ),
]
