using System.Net.Http.Json;
using System.Text.Json;
using Foresight.Api.Tests.Stack;
using Foresight.Protocol;

namespace Foresight.Api.Tests.Operations;

[Collection(ApiStackCollection.Name)]
[Trait("Category", "Console")]
public sealed class MarketActTests(ApiStack stack) : IAsyncLifetime
{
    private static int _markets = 900_000;
    private readonly int _market = Interlocked.Increment(ref _markets);

    public Task InitializeAsync() =>
        stack.ExecuteAsync(
            $"""
            INSERT INTO markets (market_id, address, question, outcomes, tick_size, listed_sequence)
            VALUES ({_market}, decode(lpad('{_market}', 40, '0'), 'hex'), 'Acted on?', ARRAY['Yes', 'No'], 1, 1)
            """
        );

    public Task DisposeAsync() =>
        stack.ExecuteAsync($"DELETE FROM market_audit WHERE market_id = {_market}; DELETE FROM markets WHERE market_id = {_market}");

    [Fact]
    public async Task OneKeyPauses_TwoResume_AndEachStepIsRecorded()
    {
        var paused = await ActAsync(ApiStack.AdaKey, "Ada", "pause", "Odd fills.");
        Assert.Equal(("paused", null, true), (paused.HeldState, paused.Waiting, paused.TakesTwoKeys));
        Assert.Equal((short)1, await stack.ScalarAsync<short>($"SELECT operator_state FROM markets WHERE market_id = {_market}"));
        await RefusedAsync(ApiStack.GraceKey, "pause", "Again.", 409, "state_conflict");

        var waiting = await ActAsync(ApiStack.AdaKey, "Ada", "resume", "All is well.");
        Assert.Equal(
            ("paused", "resume", "Ada", "ada"),
            (waiting.HeldState, waiting.Waiting?.Action, waiting.Waiting?.By, waiting.Waiting?.Key)
        );
        await RefusedAsync(ApiStack.AdaKey, "resume", "Me again.", 409, "second_person_needed");
        var resumed = await ActAsync(ApiStack.GraceKey, "Grace", "resume", "Agreed.");
        Assert.Equal((null, null), (resumed.HeldState, resumed.Waiting));
        Assert.Equal(
            ["resume grace Grace: Agreed. (open)", "resume_first_key ada Ada: All is well. (paused)", "pause ada Ada: Odd fills. (paused)"],
            resumed.Acts.Select(act => $"{act.Action} {act.Key} {act.Actor}: {act.Note} ({act.To})")
        );
        var log = await stack.Admin.GetFromJsonAsync<DecisionLog>("admin/decisions?hours=1");
        Assert.Equal(
            ["resume", "resume_first_key", "pause"],
            log!.Decisions.Where(one => (one.Subject, one.SubjectId) == ("market", $"{_market}")).Select(one => one.Action)
        );
    }

    [Fact]
    public async Task AClose_CanBeWithdrawnUntilASecondKeyDecides_AndIsThenForEver()
    {
        await ActAsync(ApiStack.AdaKey, "Ada", "close", "It has ended.");
        var withdrawn = await ActAsync(ApiStack.GraceKey, "Grace", "withdraw", "Not yet.");
        Assert.Equal((null, null), (withdrawn.HeldState, withdrawn.Waiting));
        await RefusedAsync(ApiStack.GraceKey, "withdraw", "Nothing.", 409, "state_conflict");

        await ActAsync(ApiStack.AdaKey, "Ada", "close", "Now it has.");
        var closed = await ActAsync(ApiStack.GraceKey, "Grace", "close", "Yes.");
        Assert.Equal(("closed", null), (closed.HeldState, closed.Waiting));
        foreach (var action in new[] { "pause", "resume", "close" })
            await RefusedAsync(ApiStack.AdaKey, action, "Too late.", 409, "state_conflict");
    }

    [Fact]
    public async Task AClosingThatWaits_OutlivesAPause_AndLapsesAfterADay()
    {
        await ActAsync(ApiStack.AdaKey, "Ada", "close", "It has ended.");
        var paused = await ActAsync(ApiStack.GraceKey, "Grace", "pause", "Odd fills.");
        Assert.Equal(("paused", "close", "ada"), (paused.HeldState, paused.Waiting?.Action, paused.Waiting?.Key));

        await stack.ExecuteAsync($"UPDATE markets SET second_at = now() - interval '24 hours' WHERE market_id = {_market}");
        var lapsed = await stack.Admin.GetFromJsonAsync<MarketControl>($"admin/markets/{_market}");
        Assert.Null(lapsed!.Waiting);
        var again = await ActAsync(ApiStack.GraceKey, "Grace", "close", "Yes.");
        Assert.Equal(("paused", "close", "grace"), (again.HeldState, again.Waiting?.Action, again.Waiting?.Key));
    }

    [Theory]
    [InlineData("""{"action":"pause"}""", 400)]
    [InlineData("""{"action":"open","note":"x"}""", 400)]
    [InlineData("""{"action":"pause","note":"x","force":true}""", 400)]
    [InlineData("""{}""", 400)]
    public async Task WhatIsMalformed_ChangesNothing(string body, int status)
    {
        using var content = new StringContent(body, System.Text.Encoding.UTF8, "application/json");
        using var answer = await stack.Admin.PostAsync(new Uri($"admin/markets/{_market}/acts", UriKind.Relative), content);
        Assert.Equal(status, (int)answer.StatusCode);
        var control = await stack.Admin.GetFromJsonAsync<MarketControl>($"admin/markets/{_market}");
        Assert.Equal((null, 0), (control!.HeldState, control.Acts.Count));
    }

    [Fact]
    public async Task WithoutAKeyOrAMarket_NothingIsShownOrDone()
    {
        Assert.Equal(401, (await stack.Http.PostAsync($"admin/markets/{_market}/acts", new { action = "pause", note = "x" })).Status);
        Assert.Equal(404, (await stack.Admin.PostAsync("admin/markets/899999/acts", new { action = "pause", note = "x" })).Status);
        foreach (var hours in new[] { "0", "745", "x" })
            Assert.Equal(400, (int)(await stack.Admin.GetAsync(new Uri($"admin/decisions?hours={hours}", UriKind.Relative))).StatusCode);
    }

    private async Task<MarketControl> ActAsync(string key, string name, string action, string note)
    {
        var (status, answer) = await PostAsync(key, name, action, note);
        Assert.Equal(200, status);
        return answer.Deserialize<MarketControl>(JsonSerializerOptions.Web)!;
    }

    private async Task RefusedAsync(string key, string action, string note, int status, string code)
    {
        var answer = await PostAsync(key, "Somebody", action, note);
        Assert.Equal((status, code), (answer.Status, answer.Body.Code()));
    }

    private async Task<(int Status, JsonElement Body)> PostAsync(string key, string name, string action, string note)
    {
        var (status, body, response) = await stack.Http.PostAsync(
            $"admin/markets/{_market}/acts",
            new { action, note },
            ("Authorization", $"Bearer {key}"),
            (ApiHeaders.Operator, name)
        );
        response.Dispose();
        return (status, body);
    }
}
