"""The addresses of the pruning floor under `/api/v1/`."""

from django.urls import path

from pruning.api.backtests import BacktestView

app_name = "pruning_api"

urlpatterns = [
    path("backtests", BacktestView.as_view({"get": "list", "post": "create"}), name="backtests"),
    path("backtests/<key:pk>", BacktestView.as_view({"get": "retrieve"}), name="backtest"),
]
