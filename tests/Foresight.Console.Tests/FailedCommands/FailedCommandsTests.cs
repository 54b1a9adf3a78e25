using Bunit;
using Foresight.Console.FailedCommands;
using Foresight.Protocol;

namespace Foresight.Console.Tests.FailedCommands;

public sealed class FailedCommandsTests : ConsoleContext
{
    private static readonly string Key = FailedCommandKey.Of(Samples.FailedCommand()).ToString();

    private CountedPage<FailedCommandView> _page = new([Samples.FailedCommand()], "older", 51);

    public FailedCommandsTests() => Api.Answer("/admin/failed-commands", () => _page);

    [Fact]
    public void List_HasWhatFailedAndWhy_AndLeadsToEach()
    {
        var page = Render<FailedCommandsPage>();
        page.WaitForAssertion(() => Assert.Single(Rows(page)));
        Assert.Equal(["11:57:00 3 min ago", "Place", "The book lost an order.", "0", "12"], Rows(page)[0][..5]);
        Assert.Contains($"/failed-commands/{Key}", Links(page));
        Navigation.NavigateTo("/failed-commands?cursor=older");
        page.WaitForAssertion(() => Assert.Contains("/admin/failed-commands?limit=50&cursor=older", Api.Asked));
    }

    [Fact]
    public void Sort_AndPage_AreOfTheAddress_AreTheApis_AndStayUnderUpdates()
    {
        var one = Samples.FailedCommand();
        var page = Render<FailedCommandsPage>();
        page.WaitForAssertion(() => Assert.Contains("51 in all, the newest first", Text(page)));
        Assert.Contains("http://localhost/?sort=kind", Links(page));

        // In the order of the Api, which is not the console's: it does not have the other pages.
        _page = new([one with { Epoch = 11 }, one with { Epoch = 12, RequestId = Guid.NewGuid() }], null, 52);
        Navigation.NavigateTo("/failed-commands?sort=-epoch&page=2");
        const string Asked = "/admin/failed-commands?sort=-epoch&limit=50&offset=50";
        page.WaitForAssertion(() => Assert.Equal(["11", "12"], Rows(page).Select(row => row[4])));
        Assert.Equal("descending", page.Find("th[aria-sort]").GetAttribute("aria-sort"));
        Assert.Contains("51–52 of 52 First Previous page 2 of 2", Text(page));
        var asked = Api.Answered(Asked);
        Assert.InRange(asked, 1, int.MaxValue);
        Clock.Advance(TimeSpan.FromSeconds(2));
        page.WaitForAssertion(() => Assert.True(Api.Answered(Asked) > asked));
        Assert.Equal("/failed-commands?sort=-epoch&page=2", Address);
    }

    [Fact]
    public void PageBehindTheLast_LeadsToTheLast()
    {
        _page = new([], null, 60);
        Navigation.NavigateTo("/failed-commands?sort=kind&page=9");
        var page = Render<FailedCommandsPage>();
        page.WaitForAssertion(() => Assert.Equal("/failed-commands?sort=kind&page=2", Address));
        page.WaitForAssertion(() => Assert.Contains("/admin/failed-commands?sort=kind&limit=50&offset=50", Api.Asked));
    }

    [Fact]
    public void Filters_AreOfTheAddress_ForgetThePlace_AndAreAskedAtOnce()
    {
        Navigation.NavigateTo("/failed-commands?cursor=older&shard=1");
        var page = Render<FailedCommandsPage>();
        page.WaitForAssertion(() => Assert.Contains("/admin/failed-commands?shard=1&limit=50&cursor=older", Api.Asked));
        Field(page, "Kind").Change("Place");
        Assert.Equal("/failed-commands?shard=1&kind=Place", Address);
        Field(page, "Text in the reason or the request").Change(" the book ");
        Assert.Equal("/failed-commands?shard=1&kind=Place&text=the%20book", Address);
        page.WaitForAssertion(() => Assert.Contains("/admin/failed-commands?kind=Place&shard=1&text=the%20book&limit=50", Api.Asked));
        Assert.Contains("http://localhost/failed-commands?shard=1&kind=Place&text=the%20book&sort=-epoch", Links(page));
        Assert.Contains("/export/failed-commands?format=csv&shard=1&kind=Place&text=the%20book", Links(page));

        _page = new([], null, 0);
        Field(page, "Shard").Change("");
        page.WaitForAssertion(() => Assert.Contains("No command with these filters", Text(page)));
    }

    [Theory]
    [InlineData("sort=command")]
    [InlineData("kind=Hold")]
    [InlineData("shard=x")]
    public void WhatTheApiRefuses_IsAnErrorOfTheAddress(string query)
    {
        Api.Problem("/admin/failed-commands?" + query, 400, ProblemCodes.MalformedRequest);
        Navigation.NavigateTo("/failed-commands?" + query);
        var page = Render<FailedCommandsPage>();
        page.WaitForAssertion(() => Assert.Contains("This address cannot be answered because of malformed_request", Text(page)));
    }

    [Fact]
    public void EmptyList_IsGood()
    {
        _page = new([], null, 0);
        var page = Render<FailedCommandsPage>();
        page.WaitForAssertion(() => Assert.Contains("No command has failed", Text(page)));
    }

    [Fact]
    public void OneCommand_IsFoundByItsPlace_AndItsJsonIsReadable()
    {
        var page = One(Key);
        page.WaitForAssertion(() => Assert.Contains("\"salt\": \"1\"", page.Find("[data-testid=command]").TextContent));
        Assert.Contains("refused", Text(page));
        Assert.Empty(page.FindAll("[data-testid=cause]"));
        var before = (Samples.FailedCommand().FailedAt.UtcDateTime - DateTime.UnixEpoch).Ticks / 10 + 1;
        Assert.Equal($"/admin/failed-commands?limit=20&cursor={before}-0-{Guid.Empty:N}", Api.Asked.Single());
    }

    [Fact]
    public void ReasonOfManyLines_IsOneLineInTheList_AndWholeOnTheCommandsPage()
    {
        const string Command = """{"kind":"Place","deadline":"2026-01-01T12:00:00+00:00"}""";
        _page = new([Samples.FailedCommand(Command) with { Reason = "The book lost an order.\r\n   at Book.Find()" }], null, 1);
        var list = Render<FailedCommandsPage>();
        list.WaitForAssertion(() => Assert.Equal("The book lost an order.", Rows(list)[0][2]));
        var page = One(Key);
        page.WaitForAssertion(() => Assert.Equal("The book lost an order.", page.Find(".lead-text").TextContent));
        Assert.Contains("at Book.Find()", page.Find("[data-testid=cause]").TextContent);
        Assert.Contains("12:00:00+00:00", page.Find("[data-testid=command]").TextContent);
    }

    [Fact]
    public void QuarantineThatIsOver_SaysSo()
    {
        _page = new([Samples.FailedCommand() with { QuarantinedUntil = Samples.Noon.AddMinutes(-1) }], null, 1);
        var page = One(Key);
        page.WaitForAssertion(() => Assert.Contains("Refused for no longer refused", Text(page)));
        var list = Render<FailedCommandsPage>();
        list.WaitForAssertion(() => Assert.Equal("no longer refused", Rows(list)[0][^1]));
    }

    [Fact]
    public void CommandThatIsNoJson_IsShownAsItIs()
    {
        _page = new([Samples.FailedCommand("<b>not json")], null, 1);
        var page = One(Key);
        page.WaitForAssertion(() => Assert.Equal("<b>not json", page.Find("[data-testid=command]").TextContent));
    }

    [Theory]
    [InlineData("x")]
    [InlineData("1-0")]
    [InlineData("1-99-0f8fad5bd9cb469fa16570867728950e")]
    [InlineData("-1-0-0f8fad5bd9cb469fa16570867728950e")]
    [InlineData("999999999999999999999-0-0f8fad5bd9cb469fa16570867728950e")]
    public void AddressThatNamesNoCommand_IsNotAsked(string key)
    {
        var page = One(key);
        page.WaitForAssertion(() => Assert.Contains("No such command The address names a command by time", Text(page)));
        Assert.Empty(Api.Asked);
    }

    [Fact]
    public void CommandThatIsGone_IsNoOutage_AndAnOutageIs()
    {
        var page = One(Key.Replace("0f8fad5b", "0f8fad5c", StringComparison.Ordinal));
        page.WaitForAssertion(() => Assert.Contains("No such command None failed then", Text(page)));

        Api.Problem("/admin/failed-commands", 503, ProblemCodes.Unavailable);
        var other = One(Key);
        other.WaitForAssertion(() => Assert.Contains("This command cannot be shown", Text(other)));
    }

    private IRenderedComponent<FailedCommandPage> One(string key) => Render<FailedCommandPage>(set => set.Add(page => page.Key, key));
}
