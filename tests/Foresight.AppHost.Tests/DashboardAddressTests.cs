using Microsoft.Extensions.Configuration;
using Xunit;

namespace Foresight.AppHost.Tests;

public sealed class DashboardAddressTests
{
    [Fact]
    public void WhatTheUserSet_Stays_AndTheRestIsFree()
    {
        var configuration = new ConfigurationManager
        {
            ["ASPNETCORE_URLS"] = "http://localhost:4242",
            ["ASPIRE_DASHBOARD_OTLP_ENDPOINT_URL"] = "https://localhost:4243",
            ["ASPIRE_ALLOW_UNSECURED_TRANSPORT"] = "false",
        };
        ForesightBuilder.ChooseDashboardPorts(configuration);
        Assert.Equal(
            ("http://localhost:4242", "https://localhost:4243", "false"),
            (
                configuration["ASPNETCORE_URLS"],
                configuration["ASPIRE_DASHBOARD_OTLP_ENDPOINT_URL"],
                configuration["ASPIRE_ALLOW_UNSECURED_TRANSPORT"]
            )
        );
        var first = configuration["ASPIRE_RESOURCE_SERVICE_ENDPOINT_URL"];
        Assert.StartsWith("http://localhost:18", first);

        // From launchSettings.json, but taken by the listener above, as by a second AppHost.
        configuration["ASPIRE_RESOURCE_SERVICE_ENDPOINT_URL"] = "http://localhost:18890";
        ForesightBuilder.ChooseDashboardPorts(configuration);
        Assert.NotEqual(first, configuration["ASPIRE_RESOURCE_SERVICE_ENDPOINT_URL"]);
    }

    [Theory]
    [Trait("Category", "Console")]
    [InlineData(null, "http://localhost:18888/traces/detail/{id}")]
    [InlineData("", "http://localhost:18888/traces/detail/{id}")]
    [InlineData("https://tempo.example/{id}", "https://tempo.example/{id}")]
    public void TraceOfAnOrder_IsAPageOfTheDashboard_UnlessTheUserNamesAnother(string? given, string address) =>
        Assert.Equal(
            address,
            ForesightBuilder.TraceUrlOf(
                new ConfigurationManager { ["TRACE_URL"] = given, ["ASPNETCORE_URLS"] = "http://localhost:18888/;https://localhost:18889" }
            )
        );
}
