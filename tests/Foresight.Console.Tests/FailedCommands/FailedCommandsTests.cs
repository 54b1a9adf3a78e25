using Bunit;
using Foresight.Console.FailedCommands;
using Foresight.Protocol;

namespace Foresight.Console.Tests.FailedCommands;

public sealed class FailedCommandsTests : ConsoleContext
{
    private static readonly string Key = FailedCommandKey.Of(Samples.FailedCommand()).ToString();

    private Page<FailedCommandView> _page = new([Samples.FailedCommand()], "older");

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
    public void List_IsSortedHere_OnlyWhereThePageHasAllOfIt()
    {
        var one = Samples.FailedCommand();
        _page = new([one with { Epoch = 11 }, one with { Epoch = 12, RequestId = Guid.NewGuid() }], null);
        Navigation.NavigateTo("/failed-commands?sort=-epoch");
        var page = Render<FailedCommandsPage>();
        page.WaitForAssertion(() => Assert.Equal(["12", "11"], Rows(page).Select(row => row[4])));
        Assert.DoesNotContain("the newest first", Text(page));

        _page = _page with { Next = "older" };
        Clock.Advance(TimeSpan.FromSeconds(2));
        page.WaitForAssertion(() => Assert.Equal(["11", "12"], Rows(page).Select(row => row[4])));
        Assert.Contains("The address asks for an order by “epoch”, which this list does not have.", Text(page));
        Assert.Contains("the newest first", Text(page));
    }

    [Fact]
    public void EmptyList_IsGood()
    {
        _page = new([], null);
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
        _page = new([Samples.FailedCommand(Command) with { Reason = "The book lost an order.\r\n   at Book.Find()" }], null);
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
        _page = new([Samples.FailedCommand() with { QuarantinedUntil = Samples.Noon.AddMinutes(-1) }], null);
        var page = One(Key);
        page.WaitForAssertion(() => Assert.Contains("Refused for no longer refused", Text(page)));
        var list = Render<FailedCommandsPage>();
        list.WaitForAssertion(() => Assert.Equal("no longer refused", Rows(list)[0][^1]));
    }

    [Fact]
    public void CommandThatIsNoJson_IsShownAsItIs()
    {
        _page = new([Samples.FailedCommand("<b>not json")], null);
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
