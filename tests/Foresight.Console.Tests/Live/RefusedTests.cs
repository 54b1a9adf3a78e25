using Bunit;
using Foresight.Console.Live;
using Foresight.Console.Offenders;
using Foresight.Console.Trades;
using Foresight.Protocol;

namespace Foresight.Console.Tests.Live;

/// <summary>A wrong address is the operator's, so it must not look like an outage, and an outage not like a wrong address.</summary>
public sealed class RefusedTests : ConsoleContext
{
    public RefusedTests() => Api.Answer("/markets", () => new[] { Samples.Market() });

    [Theory]
    [InlineData("market=seven")]
    [InlineData("sort=price")]
    [InlineData("settlement=lost")]
    [InlineData("cursor=%3B")]
    public void BadFilterInTheAddress_IsSaid_InTheApisWords_WithAWayOut(string query)
    {
        Api.Problem("/trades", 400, ProblemCodes.MalformedRequest);
        Navigation.NavigateTo($"/trades?{query}");
        var page = Render<TradesPage>();
        page.WaitForAssertion(() => Assert.Contains("This address cannot be answered because of malformed_request", Text(page)));
        Assert.DoesNotContain("stale", Text(page), StringComparison.Ordinal);
        Assert.Equal("http://localhost/trades", page.Find("[data-testid=refused] a").GetAttribute("href"));
        Assert.Contains(Api.Asked, asked => asked.Contains(query, StringComparison.Ordinal));
    }

    [Fact]
    public void ListBefore_IsNotShownAsTheAnswerToAWrongQuestion_AndComesBack()
    {
        Api.Answer("/trades", () => new Page<TradeView>([Samples.Trade()], null));
        var page = Render<TradesPage>();
        page.WaitForAssertion(() => Assert.Single(Rows(page)));

        Api.Problem("/trades", 400, ProblemCodes.MalformedRequest);
        Navigation.NavigateTo("/trades?sort=price");
        page.WaitForAssertion(() => Assert.NotEmpty(page.FindAll("[data-testid=refused]")));
        Assert.Empty(Rows(page));

        Api.Answer("/trades", () => new Page<TradeView>([Samples.Trade()], null));
        Navigation.NavigateTo("/trades");
        page.WaitForAssertion(() => Assert.Single(Rows(page)));
        Assert.Empty(page.FindAll("[data-testid=refused]"));
    }

    [Theory]
    [InlineData(429)]
    [InlineData(409)]
    [InlineData(503)]
    public void WhatPassesByItself_IsNoErrorOfTheAddress(int status)
    {
        Api.Problem("/admin/offenders", status, ProblemCodes.Unavailable);
        var page = Render<OffendersPage>();
        page.WaitForAssertion(() => Assert.Contains("stale since 12:00:00 UTC, never read", Text(page)));
        Assert.Empty(page.FindAll("[data-testid=refused]"));
    }

    [Fact]
    public void Refusal_IsOfTheQuestion_AndAnOutageOrAnAnswerEndsIt()
    {
        var value = new LiveValue<string>();
        foreach (var (status, isRefused) in new[] { (400, true), (404, true), (409, false), (429, false) })
        {
            value.Fail("no such filter", Samples.Noon, status);
            Assert.Equal(isRefused, value.IsRefused);
        }

        value.Fail("no such filter", Samples.Noon, 400);
        value.Fail("away", Samples.Noon);
        Assert.False(value.IsRefused);
        value.Fail("no such filter", Samples.Noon, 400);
        value.Set("x", Samples.Noon);
        Assert.False(value.IsRefused);
    }

    [Fact]
    public void OrderThatAListDoesNotHave_IsSaid_AndItsOwnIsShown()
    {
        Api.Answer("/admin/offenders", () => new[] { Samples.Offender() });
        Navigation.NavigateTo("/offenders?sort=-colour");
        var page = Render<OffendersPage>();
        page.WaitForAssertion(() => Assert.Contains("The address asks for an order by “colour”", Text(page)));
        Assert.Single(Rows(page));

        Navigation.NavigateTo("/offenders?sort=-points");
        page.WaitForAssertion(() => Assert.DoesNotContain("The address asks", Text(page), StringComparison.Ordinal));
    }
}
