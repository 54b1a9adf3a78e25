using System.Net.Http.Json;
using System.Text.Json;
using Foresight.Api.Tests.Stack;
using Foresight.Chain;
using Foresight.Protocol;

namespace Foresight.Api.Tests.Operations.Proposals;

/// <summary>The chain is real; the contract at the market's address is a stand-in that succeeds or refuses, as each test needs.</summary>
[Collection(ApiStackCollection.Name)]
[Trait("Category", "Console")]
public sealed class ProposalTests(ApiStack stack) : IAsyncLifetime
{
    private const string Wallet = "0x23618e81E3f5cdF7f54C3d65f7FBc0aBf5B21E8f";
    private const string Succeeds = "0x00";

    private static int _markets = 910_000;
    private readonly int _market = Interlocked.Increment(ref _markets);

    private string Contract => $"0x{_market:D40}";

    public Task InitializeAsync() =>
        stack.ExecuteAsync(
            $"""
            INSERT INTO markets (market_id, address, question, outcomes, tick_size, listed_sequence)
            VALUES ({_market}, decode(lpad('{_market}', 40, '0'), 'hex'), 'Proposed {_market}?', ARRAY['Yes', 'No'], 1, 1)
            """
        );

    public Task DisposeAsync() =>
        stack.ExecuteAsync(
            $"""
            DELETE FROM market_audit WHERE market_id = {_market} OR market_id IS NULL;
            DELETE FROM market_proposals WHERE market_id = {_market} OR market_id IS NULL;
            DELETE FROM markets WHERE market_id = {_market}
            """
        );

    [Fact]
    public async Task AResolution_IsProposedApprovedAndSentByTwoKeys_AndEachStepIsRecorded()
    {
        var proposed = await ProposeAsync(ApiStack.AdaKey, "Ada", Resolve(1));
        Assert.Equal(("resolve", "proposed", 1, "ada"), (proposed.Kind, proposed.State, proposed.Outcome, proposed.Proposed.Key));
        Assert.Equal(
            (31337L, Address.Parse(Contract).ToString(), "resolve(uint256)"),
            (proposed.Transaction!.ChainId, proposed.Transaction.To, proposed.Transaction.Function)
        );
        Assert.Equal([new CallArgument("outcomeIndex", "1")], proposed.Transaction.Arguments);
        Assert.Equal(Keccak256.HashText("resolve(uint256)").ToString()[..10] + "1".PadLeft(64, '0'), proposed.Transaction.Data);

        await RefusedAsync(ApiStack.GraceKey, "admin/market-proposals", Resolve(0), 409, "state_conflict");
        await RefusedAsync(ApiStack.AdaKey, Acts(proposed), Act("approve"), 409, "second_person_needed");
        await RefusedAsync(ApiStack.GraceKey, Acts(proposed), Sent(RandomHash()), 409, "state_conflict");
        var approved = await ActAsync(ApiStack.GraceKey, "Grace", proposed.Id, Act("approve"));
        Assert.Equal(("approved", "Grace", "grace"), (approved.State, approved.Approved?.By, approved.Approved?.Key));
        await RefusedAsync(ApiStack.AdaKey, Acts(proposed), Sent(RandomHash()), 409, "state_conflict");

        var hash = RandomHash();
        var sent = await ActAsync(ApiStack.GraceKey, "Grace", proposed.Id, Sent(hash));
        Assert.Equal(("sent", hash, Wallet), (sent.State, sent.Sent?.Hash, sent.Sent?.From));
        Assert.Equal((short)0, await stack.ScalarAsync<short>($"SELECT state FROM markets WHERE market_id = {_market}"));
        var control = await stack.Admin.GetFromJsonAsync<MarketControl>($"admin/markets/{_market}");
        Assert.Equal(
            [
                $"resolve_sent grace approved→sent {hash} from {Wallet}",
                "resolve_approved grace proposed→approved because",
                "resolve_proposed ada none→proposed because",
            ],
            control!.Acts.Select(act => $"{act.Action} {act.Key} {act.From}→{act.To} {act.Note}")
        );
    }

    [Fact]
    public async Task WhatBecameOfATransaction_IsReadFromTheChain_AndOneWithoutEffectCanBeSentAgain()
    {
        var approved = await ApprovedAsync(Resolve(1));
        var data = approved.Transaction!.Data;

        await ActAsync(ApiStack.GraceKey, "Grace", approved.Id, Sent(RandomHash()));
        await ShownAsync(approved.Id, "unknown", "The chain's node does not know it.");

        Assert.Equal(new TransactionCheck(false, $"There is no contract at {Address.Parse(Contract)}."), await CheckAsync(approved.Id));
        await CodeAsync(Refuses("MarketNotOpen()"));
        Assert.Equal(new TransactionCheck(false, "The market is resolved or invalid already."), await CheckAsync(approved.Id));
        await ActAsync(ApiStack.GraceKey, "Grace", approved.Id, Sent(await SendAsync(data)));
        await ShownAsync(approved.Id, "failed", "It reverted: the market is resolved or invalid already.");

        await CodeAsync(Succeeds);
        Assert.Equal(new TransactionCheck(true, null), await CheckAsync(approved.Id));
        await ActAsync(ApiStack.GraceKey, "Grace", approved.Id, Sent(await SendAsync(data[..^1] + "0")));
        await ShownAsync(approved.Id, "other", "It is another call than the one that was approved.");

        await ActAsync(ApiStack.GraceKey, "Grace", approved.Id, Sent(await SendAsync(data)));
        await ShownAsync(approved.Id, "mined", null);
    }

    [Fact]
    public async Task AProposal_CanBeWithdrawn_AndLapsesAfterADay()
    {
        var first = await ProposeAsync(ApiStack.AdaKey, "Ada", Resolve(1));
        var withdrawn = await ActAsync(ApiStack.GraceKey, "Grace", first.Id, Act("withdraw"));
        Assert.Equal("withdrawn", withdrawn.State);
        await RefusedAsync(ApiStack.GraceKey, Acts(first), Act("approve"), 409, "state_conflict");

        var second = await ProposeAsync(
            ApiStack.GraceKey,
            "Grace",
            new
            {
                kind = "invalidate",
                marketId = _market,
                note = "because",
            }
        );
        Assert.Equal(
            ("invalidate()", Keccak256.HashText("invalidate()").ToString()[..10]),
            (second.Transaction!.Function, second.Transaction.Data)
        );
        await stack.ExecuteAsync($"UPDATE market_proposals SET proposed_at = now() - interval '24 hours' WHERE proposal_id = {second.Id}");
        await RefusedAsync(ApiStack.AdaKey, Acts(second), Act("approve"), 409, "state_conflict");
        var third = await ProposeAsync(ApiStack.AdaKey, "Ada", Resolve(0));
        Assert.Equal(
            [(third.Id, "proposed"), (second.Id, "lapsed"), (first.Id, "withdrawn")],
            (await ListAsync($"?market={_market}")).Items.Select(one => (one.Id, one.State))
        );
    }

    [Fact]
    public async Task AMarketThatHasEndedOrIsNotThere_TakesNoProposal()
    {
        await RefusedAsync(ApiStack.AdaKey, "admin/market-proposals", Resolve(2), 400, "malformed_request");
        await RefusedAsync(
            ApiStack.AdaKey,
            "admin/market-proposals",
            new
            {
                kind = "invalidate",
                marketId = 899_999,
                note = "because",
            },
            404,
            "not_found"
        );
        await RefusedAsync(ApiStack.AdaKey, "admin/market-proposals/999999999/acts", Act("approve"), 404, "not_found");
        await stack.ExecuteAsync($"UPDATE markets SET state = 3 WHERE market_id = {_market}");
        await RefusedAsync(ApiStack.AdaKey, "admin/market-proposals", Resolve(1), 409, "state_conflict");
        await stack.ExecuteAsync($"UPDATE markets SET state = 0, generation = 0 WHERE market_id = {_market}");
        await RefusedAsync(ApiStack.AdaKey, "admin/market-proposals", Resolve(1), 409, "state_conflict");
        Assert.Empty((await ListAsync($"?market={_market}")).Items);
    }

    [Fact]
    public async Task ANewMarket_IsProposedWithItsTerms_ForTheFactory()
    {
        var question = $"Will {Guid.NewGuid()} come?";
        var proposed = await ProposeAsync(ApiStack.AdaKey, "Ada", Create(question));
        Assert.Equal((null, question, "0.01"), (proposed.MarketId, proposed.Question, proposed.TickSize));
        Assert.Equal("createMarket(bytes32,uint256)", proposed.Transaction!.Function);
        Assert.Equal(
            [new CallArgument("questionHash", Keccak256.HashText(question).ToString()), new CallArgument("outcomes", "3")],
            proposed.Transaction.Arguments
        );
        Assert.Equal(Address.Parse("0x" + string.Concat(Enumerable.Repeat("cc", 20))).ToString(), proposed.Transaction.To);
        await RefusedAsync(ApiStack.GraceKey, "admin/market-proposals", Create(question), 409, "state_conflict");
        await RefusedAsync(ApiStack.GraceKey, "admin/market-proposals", Create($"Proposed {_market}?"), 409, "state_conflict");
        await ActAsync(ApiStack.GraceKey, "Grace", proposed.Id, Act("approve"));
        var log = await stack.Admin.GetFromJsonAsync<DecisionLog>("admin/decisions?hours=1");
        Assert.Equal(
            ["create_approved", "create_proposed"],
            log!.Decisions.Where(one => (one.Subject, one.SubjectId) == ("proposal", $"{proposed.Id}")).Select(one => one.Action)
        );
    }

    [Fact]
    [Trait("Category", "Firm")]
    public async Task AMarketIsFirmOnly_OnlyWhereAVaultIsUsed()
    {
        Assert.False((await ListAsync("")).HasVault);
        await RefusedAsync(ApiStack.AdaKey, "admin/market-proposals", Create("Firm?", firmOnly: true), 409, "state_conflict");
        Assert.Empty((await ListAsync("")).Items);
        try
        {
            await stack.ExecuteAsync(
                "UPDATE deployments SET vault = decode(repeat('dd', 20), 'hex'), withdrawal_blocks = 100, withdrawal_seconds = 3600"
            );
            Assert.True((await ListAsync("")).HasVault);
            Assert.True((await ProposeAsync(ApiStack.AdaKey, "Ada", Create("Firm?", firmOnly: true))).FirmOnly);
            Assert.False((await ProposeAsync(ApiStack.AdaKey, "Ada", Create("Either?"))).FirmOnly);
            Assert.Equal([false, true], (await ListAsync("")).Items.Select(one => one.FirmOnly));
            await RefusedAsync(ApiStack.AdaKey, "admin/market-proposals", Create("Firm so?", "yes"), 400, "malformed_request");

            await stack.SetShardsAsync(2);
            Assert.False((await ListAsync("")).HasVault);
            await RefusedAsync(ApiStack.AdaKey, "admin/market-proposals", Create("Sharded?", firmOnly: true), 409, "state_conflict");
        }
        finally
        {
            await stack.SetShardsAsync(1);
            await stack.ExecuteAsync("UPDATE deployments SET vault = NULL, withdrawal_blocks = NULL, withdrawal_seconds = NULL");
        }
    }

    [Fact]
    public async Task OpenProposalsOfNewMarkets_AreBounded()
    {
        for (var i = 0; i < 20; i++)
            await ProposeAsync(ApiStack.AdaKey, "Ada", Create($"Bounded {Guid.NewGuid()}?"));
        await RefusedAsync(ApiStack.AdaKey, "admin/market-proposals", Create("One more?"), 409, "state_conflict");
        var open = (await ListAsync("")).Items;
        await ActAsync(ApiStack.AdaKey, "Ada", open[0].Id, Act("withdraw"));
        await ProposeAsync(ApiStack.AdaKey, "Ada", Create("One more?"));
    }

    [Fact]
    public async Task StrangersAndMalformedRequests_ChangeNothing()
    {
        Assert.Equal(401, (await stack.Http.PostAsync("admin/market-proposals", Resolve(1))).Status);
        Assert.Equal(401, (int)(await stack.Http.GetAsync(new Uri("admin/market-proposals", UriKind.Relative))).StatusCode);
        foreach (var query in new[] { "?market=x", "?kind=create" })
            Assert.Equal(400, (int)(await stack.Admin.GetAsync(new Uri("admin/market-proposals" + query, UriKind.Relative))).StatusCode);
        await RefusedAsync(
            ApiStack.AdaKey,
            "admin/market-proposals",
            new { kind = "resolve", marketId = _market },
            400,
            "malformed_request"
        );
        var proposed = await ProposeAsync(ApiStack.AdaKey, "Ada", Resolve(1));
        await RefusedAsync(
            ApiStack.GraceKey,
            Acts(proposed),
            new
            {
                action = "approve",
                note = "x",
                data = "0x",
            },
            400,
            "malformed_request"
        );
        using var check = await stack.Admin.GetAsync(new Uri($"admin/market-proposals/{proposed.Id}/check?from=0x1", UriKind.Relative));
        Assert.Equal(400, (int)check.StatusCode);
        Assert.Equal("proposed", (await ListAsync($"?market={_market}")).Items.Single().State);
    }

    private object Resolve(int outcome) =>
        new
        {
            kind = "resolve",
            marketId = _market,
            outcome,
            note = "because",
        };

    private static object Create(string question, object? firmOnly = null) =>
        new
        {
            kind = "create",
            market = new
            {
                question,
                outcomes = new[] { "Red", "Green", "Blue" },
                tickSize = "0.01",
                firmOnly = firmOnly ?? false,
            },
            note = "because",
        };

    private static object Act(string action) => new { action, note = "because" };

    private static object Sent(string hash) =>
        new
        {
            action = "sent",
            transactionHash = hash,
            from = Wallet,
        };

    private static string Acts(MarketProposalView proposal) => $"admin/market-proposals/{proposal.Id}/acts";

    private static string RandomHash() => Keccak256.HashText(Guid.NewGuid().ToString()).ToString();

    /// <summary>Code that reverts with the error's selector: PUSH4, shifted to the front of memory's first word.</summary>
    private static string Refuses(string error) => $"0x63{Keccak256.HashText(error).ToString()[2..10]}60e01b60005260046000fd";

    private Task CodeAsync(string code) => stack.ChainAsync("anvil_setCode", Contract, code);

    private async Task<string> SendAsync(string data)
    {
        // With its gas, so that the node does not try it first.
        var sent = await stack.ChainAsync(
            "eth_sendTransaction",
            new
            {
                from = Wallet,
                to = Contract,
                data,
                gas = "0x30d40",
            }
        );
        return sent.GetString()!;
    }

    private Task ShownAsync(long proposal, string state, string? reason) =>
        Eventually.TrueAsync(
            $"the transaction is {state}",
            Eventually.Patience,
            async () =>
                (await ListAsync($"?market={_market}")).Items.Single(one => one.Id == proposal).Sent is { } sent
                && (sent.State, sent.Reason) == (state, reason)
        );

    private async Task<TransactionCheck> CheckAsync(long proposal) =>
        (await stack.Admin.GetFromJsonAsync<TransactionCheck>($"admin/market-proposals/{proposal}/check?from={Wallet}"))!;

    private async Task<MarketProposals> ListAsync(string query) =>
        (await stack.Admin.GetFromJsonAsync<MarketProposals>($"admin/market-proposals{query}"))!;

    private async Task<MarketProposalView> ApprovedAsync(object request) =>
        await ActAsync(ApiStack.GraceKey, "Grace", (await ProposeAsync(ApiStack.AdaKey, "Ada", request)).Id, Act("approve"));

    private Task<MarketProposalView> ProposeAsync(string key, string name, object request) =>
        DoneAsync(key, name, "admin/market-proposals", request);

    private Task<MarketProposalView> ActAsync(string key, string name, long proposal, object request) =>
        DoneAsync(key, name, $"admin/market-proposals/{proposal}/acts", request);

    private async Task<MarketProposalView> DoneAsync(string key, string name, string path, object request)
    {
        var (status, answer) = await PostAsync(key, name, path, request);
        Assert.True(status == 200, $"{status} {answer}");
        return answer.Deserialize<MarketProposalView>(JsonSerializerOptions.Web)!;
    }

    private async Task RefusedAsync(string key, string path, object request, int status, string code)
    {
        var answer = await PostAsync(key, "Somebody", path, request);
        Assert.Equal((status, code), (answer.Status, answer.Body.Code()));
    }

    private async Task<(int Status, JsonElement Body)> PostAsync(string key, string name, string path, object request)
    {
        var (status, body, response) = await stack.Http.PostAsync(
            path,
            request,
            ("Authorization", $"Bearer {key}"),
            (ApiHeaders.Operator, name)
        );
        response.Dispose();
        return (status, body);
    }
}
