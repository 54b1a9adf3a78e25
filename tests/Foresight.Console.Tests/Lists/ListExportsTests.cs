using System.Text;
using System.Text.Json;
using Foresight.Console.Api;
using Foresight.Console.Lists;
using Foresight.Protocol;

namespace Foresight.Console.Tests.Lists;

public sealed class ListExportsTests
{
    private readonly ScriptedApi _api = new();
    private int _orders = 100;
    private AccountDetail _account = Samples.AccountDetail() with
    {
        MoreTrades = false,
        MorePastOrders = false,
        Purses = [Samples.Purse(), Samples.Purse("7:0")],
    };

    public ListExportsTests()
    {
        _api.Answer("/admin/overview", () => Samples.Overview());
        _api.Answer("/admin/history", () => Samples.History());
        _api.Answer("/markets", () => new[] { Samples.Market(), Samples.Market(8) });
        _api.Answer("/trades", () => new Page<TradeView>([Samples.Trade()], null));
        _api.Answer("/admin/offenders", () => new[] { Samples.Offender(), Samples.Offender(OffenderLevels.Refused, 9) });
        _api.Answer("/reconciliation/runs", () => new Page<RunView>([Samples.Run()], null));
        _api.Answer("/reconciliation/coverage", () => new Page<CoverageView>([Range(9, 100)], null));
        _api.Answer($"/reconciliation/discrepancies/{Belongs}", () => Samples.Detail(null, Entry(1, "Ada"), Entry(2, "Bob")));
        _api.Answer("/admin/market-proposals", () => Proposals(ProposalStates.Approved, ProposalStates.Lapsed));
        _api.Answer("/admin/settlement/batches", () => new Page<BatchView>([Samples.Batch()], null));
        _api.Answer(
            "/admin/decisions?hours=24",
            () => new DecisionLog(Samples.Noon.AddDays(-1), [Decision("Bob"), Decision("Ada")], false)
        );
        _api.Answer("/admin/settlement", () => Samples.SettlementDetail());
        _api.Answer($"/admin/accounts/{Belongs}", () => _account);
        _api.Answer($"/admin/offenders/{Belongs}", () => Samples.AccountDetail().Standing!);
        _api.Answer(
            $"/admin/transactions/{Belongs}",
            () =>
                new TransactionDetail(
                    Samples.Batch(),
                    [Samples.Batch(6), Samples.Batch(7) with { Trades = 9 }],
                    [Samples.Trade()],
                    MoreTrades: false
                )
        );
        _api.Answer($"/admin/trades/{Belongs}", () => Samples.TradeDetail());
        _api.Answer($"/reconciliation/runs/{Belongs}/repairs", () => new Page<RepairView>([Samples.Repair()], null));
        _api.Answer("/admin/database", Samples.DatabaseDetail);
        _api.Answer("/admin/withdrawals", () => new Page<VaultWithdrawalView>([Samples.Withdrawal(), Samples.CoSigned()], null));
        _api.Answer("/admin/failed-commands", () => new Page<FailedCommandView>([Samples.FailedCommand()], null));
    }

    /// <summary>Number of a run, and in these tests as good as an address or a hash.</summary>
    private const string Belongs = "9";

    public static TheoryData<string> Names => [.. ListExports.Names];

    [Theory]
    [MemberData(nameof(Names))]
    public async Task EveryList_IsAFile_InBothForms(string list)
    {
        var file = await ReadAsync(list, $"?of={(list == "phases" ? "matching-engine/1012" : Belongs)}");
        var lines = Encoding.UTF8.GetString(file.Csv()).Split("\r\n");
        Assert.Equal(file.Rows.Count + 2, lines.Length);
        Assert.Equal(string.Join(',', file.Columns), lines[0]);
        using var json = JsonDocument.Parse(file.Json());
        Assert.NotEqual(0, json.RootElement.GetArrayLength());
        Assert.All(json.RootElement[0].EnumerateObject(), member => Assert.Contains(member.Name, file.Columns));
        Assert.False(file.IsCut);
        Assert.Equal($"{list}-20260504-120000.csv", file.NameOf(list, "csv", Samples.Noon));
    }

    [Fact]
    public async Task Trades_AreThoseOfTheFilters_InTheirOrder_AndOfEveryPage()
    {
        _api.Answer("/trades?market=7", () => new Page<TradeView>([Samples.Trade(1)], "older"));
        _api.Answer(
            "/trades?market=7&settlement=mined&sort=-blockNumber&limit=500&cursor=older",
            () => new Page<TradeView>([Samples.Trade(2)], null)
        );
        var file = await ReadAsync("trades", "?format=csv&market=7&settlement=mined&sort=-blockNumber&cursor=from-the-page&hide=price");
        Assert.Equal([1, 2], file.Rows.Select(row => row.GetProperty("tradeId").GetInt64()));
        Assert.Equal("/trades?market=7&settlement=mined&sort=-blockNumber&limit=500", _api.Asked[0]);
    }

    [Fact]
    public async Task Transactions_AreThoseOfTheState_OfEveryPage()
    {
        _api.Answer("/admin/settlement/batches?state=failed", () => new Page<BatchView>([Samples.Batch(7)], null));
        var file = await ReadAsync("batches", "?format=csv&state=failed&cursor=from-the-page");
        Assert.Equal([7], file.Rows.Select(row => row.GetProperty("id").GetInt64()));
        Assert.Equal("/admin/settlement/batches?state=failed&limit=500", Assert.Single(_api.Asked));
    }

    [Fact]
    public async Task Transactions_AreInTheOrderOfTheAddress_ReadByCursor()
    {
        _api.Answer("/admin/settlement/batches", () => new Page<BatchView>([Samples.Batch(7) with { Trades = 1 }], "7"));
        _api.Answer(
            "/admin/settlement/batches?limit=500&cursor=7",
            () => new Page<BatchView>([Samples.Batch(6) with { Trades = 9 }], null)
        );
        var file = await ReadAsync("batches", "?sort=-trades&page=3");
        Assert.Equal([6, 7], file.Rows.Select(row => row.GetProperty("id").GetInt64()));
        Assert.Equal(["/admin/settlement/batches?limit=500", "/admin/settlement/batches?limit=500&cursor=7"], _api.Asked);
    }

    [Fact]
    public async Task MarketsAndFailedCommands_AreThoseOfTheFilters()
    {
        await ReadAsync("markets", "?state=paused&text=day%208&sort=market");
        await ReadAsync("failed-commands", "?kind=Place&shard=1&text=the%20book&sort=-epoch&cursor=older");
        Assert.Equal(
            ["/markets?state=paused&text=day%208", "/admin/failed-commands?kind=Place&shard=1&text=the%20book&limit=500"],
            _api.Asked
        );
    }

    [Theory]
    [InlineData("batches", "transaction", "sort must be one of id, state, nonce, marketId, trades, blockNumber, gasUsed, maxFeeWei, ")]
    [InlineData("failed-commands", "-request", "sort must be one of failedAt, kind, reason, shard, epoch, quarantinedUntil, ")]
    public async Task OrderThatTheListDoesNotHave_IsRefusedInItsFile_AsOnItsPage(string list, string sort, string why)
    {
        var refused = await Assert.ThrowsAsync<ApiRefusedException>(() => ReadAsync(list, $"?sort={sort}"));
        Assert.Equal((400, ProblemCodes.MalformedRequest), (refused.Status, refused.Code));
        Assert.StartsWith(why, refused.Message, StringComparison.Ordinal);
        Assert.Empty(_api.Asked);
    }

    [Fact]
    [Trait("Category", "Firm")]
    public async Task Withdrawals_AreThoseOfTheFilters_OrOfTheAccount_InTheOrderOfTheAddress()
    {
        var file = await ReadAsync("withdrawals", "?state=leaving&account=0xab&sort=-deadline&page=2");
        Assert.Equal(["co_signed", "leaving"], file.Rows.Select(row => row.GetProperty("state").GetString()));
        await ReadAsync("account-withdrawals", "?of=0xcd&sort=amount&leaving.sort=kind");
        Assert.Equal(["/admin/withdrawals?account=0xab&state=leaving&limit=500", "/admin/withdrawals?account=0xcd&limit=500"], _api.Asked);
        var refused = await Assert.ThrowsAsync<ApiRefusedException>(() => ReadAsync("withdrawals", "?sort=amount"));
        Assert.StartsWith("sort must be one of account, asset, kind, state, since, deadline, ", refused.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task ListsThatTheConsoleSorts_AreInTheOrderOfTheAddress()
    {
        var file = await ReadAsync("offenders", "?sort=-points");
        Assert.Equal([9, 3], file.Rows.Select(row => row.GetProperty("points").GetInt32()));
        file = await ReadAsync("offenders", "?standing=refused&reason=balance_moved");
        Assert.Equal([9], file.Rows.Select(row => row.GetProperty("points").GetInt32()));
        file = await ReadAsync("servers", "?servers.sort=-reads");
        Assert.Equal(["replica-1", "primary"], file.Rows.Select(row => row.GetProperty("name").GetString()));
    }

    [Fact]
    public async Task Leadership_HasWhatTheLastTakeOverTook()
    {
        var csv = Encoding.UTF8.GetString((await ReadAsync("leadership", "?leadership.sort=-epoch")).Csv()).Split("\r\n");
        Assert.Equal("resource,nodeId,epoch,since,tookMs", csv[0]);
        Assert.Equal(["matching-engine,matching-1,1012,2026-05-04T12:00:00+00:00,350", "settlement,,0,,"], csv[1..3]);
    }

    [Fact]
    [Trait("Category", "Console")]
    public async Task Phases_AreThoseOfTheTerm_InTheOrderOfTheAddress()
    {
        var csv = Encoding.UTF8.GetString((await ReadAsync("phases", "?of=matching-engine/1012&phases.sort=-took")).Csv()).Split("\r\n");
        Assert.Equal("name,reachedMs,tookMs,meaning", csv[0]);
        Assert.Equal(["recovered,320,275,", "first_ack,350,30,"], csv[1..3].Select(line => line[..(line.LastIndexOf(',') + 1)]));
        var refused = await Assert.ThrowsAsync<ApiRefusedException>(() => ReadAsync("phases", "?of=matching-engine/77"));
        Assert.Equal(404, refused.Status);
    }

    [Fact]
    [Trait("Category", "Console")]
    public async Task BothSides_AreAlignedInTheFile_AsOnThePage()
    {
        var row = Samples.Discrepancy() with { OnChain = """{"lots":5,"block":7}""", OffChain = """{"lots":6}""" };
        _api.Answer($"/reconciliation/discrepancies/{Belongs}", () => Samples.Detail(row));
        var csv = Encoding.UTF8.GetString((await ReadAsync("both-sides", $"?of={Belongs}")).Csv()).Split("\r\n");
        Assert.Equal(["name,onChain,inJournal,differs", "lots,5,6,true", "block,7,,false"], csv[..3]);
    }

    [Fact]
    public async Task Bound_IsKept_AndNamedInTheFilesName()
    {
        _api.Answer(
            "/admin/settlement/batches",
            () => new Page<BatchView>([.. Enumerable.Range(1, 500).Select(id => Samples.Batch(id))], "next")
        );
        var file = await ReadAsync("batches", "");
        Assert.Equal((ListExports.MaxRows, true), (file.Rows.Count, file.IsCut));
        Assert.Equal("batches-first-10000-20260504-120000.json", file.NameOf("batches", "json", Samples.Noon));
        Assert.Equal(ListExports.MaxRows / 500 + 1, _api.Asked.Count);
    }

    [Fact]
    public async Task Coverage_IsOfEveryPage_InTheOrderOfTheAddress()
    {
        _api.Answer("/reconciliation/coverage", () => new Page<CoverageView>([Range(9, 200)], "9-200"));
        _api.Answer("/reconciliation/coverage?limit=500&cursor=9-200", () => new Page<CoverageView>([Range(8, 100)], null));
        var file = await ReadAsync("coverage", "?coverage.sort=blocks");
        Assert.Equal([100, 200], file.Rows.Select(row => row.GetProperty("fromBlock").GetInt64()));
        Assert.Equal(["/reconciliation/coverage?limit=500", "/reconciliation/coverage?limit=500&cursor=9-200"], _api.Asked);
    }

    [Fact]
    public async Task CutFile_HasTheNewestRows_InTheOrderOfTheAddress()
    {
        var next = 20_000;
        _api.Answer(
            "/reconciliation/coverage",
            () => new Page<CoverageView>([.. Enumerable.Range(0, 500).Select(_ => Range(next--, 1))], "next")
        );
        var file = await ReadAsync("coverage", "?coverage.sort=run");
        Assert.Equal((ListExports.MaxRows, true), (file.Rows.Count, file.IsCut));
        Assert.Equal((10_001, 20_000), (Run(file.Rows[0]), Run(file.Rows[^1])));

        static long Run(JsonElement row) => row.GetProperty("runId").GetInt64();
    }

    [Fact]
    public async Task Audit_HasTheNewestFirst_AndAFileThatMayLackOlderEntriesIsNamedSo()
    {
        Assert.Equal(["Bob", "Ada"], Actors(await ReadAsync("audit", $"?of={Belongs}")));
        _api.Answer(
            $"/reconciliation/discrepancies/{Belongs}",
            () => Samples.Detail(null, [.. Enumerable.Range(1, ListExports.MaxAudit).Select(id => Entry(id, "Ada"))])
        );
        Assert.True((await ReadAsync("audit", $"?of={Belongs}")).IsCut);
    }

    [Fact]
    public async Task Proposals_AreThoseThatTheTileHas()
    {
        Assert.Equal(["approved"], States(await ReadAsync("open-proposals", "")));
        Assert.Equal(["lapsed"], States(await ReadAsync("ended-proposals", "")));
        Assert.Equal(["approved", "lapsed"], States(await ReadAsync("market-proposals", "?of=7")));
        Assert.Equal(["/admin/market-proposals", "/admin/market-proposals", "/admin/market-proposals?market=7"], _api.Asked);

        static IEnumerable<string?> States(ListFile file) => file.Rows.Select(row => row.GetProperty("state").GetString());
    }

    [Fact]
    public async Task EndedProposals_MayLackSome_WhereTheApiHasNoRoomForMore_AndOpenOnesDoNot()
    {
        _api.Answer(
            "/admin/market-proposals",
            () => Proposals([ProposalStates.Proposed, .. Enumerable.Repeat(ProposalStates.Withdrawn, ListExports.MaxProposals - 1)])
        );
        Assert.False((await ReadAsync("open-proposals", "")).IsCut);
        Assert.True((await ReadAsync("ended-proposals", "")).IsCut);
        Assert.True((await ReadAsync("market-proposals", "?of=7")).IsCut);
    }

    [Fact]
    public async Task Decisions_AreThoseOfTheRange_AndAFileThatLacksOlderOnesIsNamedSo()
    {
        Assert.Equal(["Bob", "Ada"], Actors(await ReadAsync("decisions", "?hours=5")));
        _api.Answer(
            "/admin/decisions?hours=168",
            () => new DecisionLog(Samples.Noon.AddDays(-7), [Decision("Bob"), Decision("Ada")], true)
        );
        var file = await ReadAsync("decisions", "?hours=168&sort=who");
        Assert.Equal(["Ada", "Bob"], Actors(file));
        Assert.Equal("decisions-first-2-20260504-120000.csv", file.NameOf("decisions", "csv", Samples.Noon));
    }

    [Fact]
    public async Task NoCell_IsAFormula()
    {
        _api.Answer("/markets", () => new[] { Samples.Market() with { Question = "=HYPERLINK(\"http://x\",\"y\")" } });
        var csv = Encoding.UTF8.GetString((await ReadAsync("markets", "")).Csv());
        Assert.Contains(",\"'=HYPERLINK(\"\"http://x\"\",\"\"y\"\")\",", csv, StringComparison.Ordinal);
    }

    [Fact]
    public async Task PartThatTheApiCouldNotRead_IsNoEmptyFile()
    {
        _api.Answer("/admin/overview", () => Samples.Overview(unavailable: ("database", "away")) with { Database = null });
        await Assert.ThrowsAsync<ApiUnavailableException>(() => ReadAsync("servers", ""));
    }

    [Fact]
    [Trait("Category", "Console")]
    public async Task AnAccountsBalances_AreOneLineEach_WithTheChainsSide()
    {
        var csv = Encoding.UTF8.GetString((await ReadAsync("balances", $"?of={Belongs}&balances.sort=-owned")).Csv()).Split("\r\n");
        Assert.Equal("asset,owned,heldByOrders,heldByTrades,available,onChain,approved,difference", csv[0]);
        Assert.Equal(["USDC,100,40,10.5,49.5,90,80,'-20", "7:0,12,0,0,12,12,12,0"], csv[1..3]);
    }

    [Theory]
    [InlineData("trade-sides", "sides.sort=-leg", "leg", "1", "0")]
    [InlineData("trade-discrepancies", "discrepancies.sort=kind", "id", "3")]
    [InlineData("other-transactions", "transactions.sort=-trades", "id", "7", "6")]
    public async Task ListsOfOneThing_AreInTheOrderOfTheAddress(string list, string sort, string member, params string[] expected) =>
        Assert.Equal(expected, (await ReadAsync(list, $"?of={Belongs}&{sort}")).Rows.Select(row => row.GetProperty(member).GetRawText()));

    [Fact]
    public async Task FileOfATradeOrATransactionThatMayHaveMore_IsNamedSo()
    {
        _api.Answer(
            $"/admin/trades/{Belongs}",
            () => Samples.TradeDetail() with { Discrepancies = [.. Enumerable.Repeat(Samples.Discrepancy(), ListExports.MaxOfTrade)] }
        );
        _api.Answer(
            $"/admin/transactions/{Belongs}",
            () =>
                new TransactionDetail(
                    Samples.Batch(),
                    [.. Enumerable.Repeat(Samples.Batch(6), ListExports.MaxOtherTransactions)],
                    [],
                    MoreTrades: false
                )
        );
        Assert.True((await ReadAsync("trade-discrepancies", $"?of={Belongs}")).IsCut);
        Assert.True((await ReadAsync("other-transactions", $"?of={Belongs}")).IsCut);
    }

    [Fact]
    [Trait("Category", "Console")]
    public async Task FileOfAnAccountThatHasMore_SaysSoInItsName()
    {
        _account = _account with { MoreBalances = true };
        Assert.True((await ReadAsync("balances", $"?of={Belongs}")).IsCut);
    }

    [Fact]
    [Trait("Category", "Console")]
    public async Task Trades_OfAnAccountThatHasMore_AreAllInTheFile()
    {
        _account = _account with { MoreTrades = true };
        var first = $"/trades?account={Samples.Account}&limit=500";
        _api.Answer(first, () => new Page<TradeView>([Samples.Trade(9), Samples.Trade(8)], "8"));
        _api.Answer($"{first}&cursor=8", () => new Page<TradeView>([Samples.Trade(7)], null));
        var file = await ReadAsync("account-trades", $"?of={Belongs}");
        Assert.Equal([9, 8, 7], file.Rows.Select(row => row.GetProperty("tradeId").GetInt64()));
        Assert.False(file.IsCut);
    }

    [Fact]
    public async Task OpenOrders_OfAnAccountThatHasMore_AreAllInTheFile()
    {
        _account = _account with { MoreOpenOrders = true };
        var open = $"/orders?maker={Samples.Account}&status=open&limit=500";
        _api.Answer(open, () => new Page<OrderView>([Order("0x5", 5), Order("0x3", 3)], "3"));
        _api.Answer($"{open}&cursor=3", () => new Page<OrderView>([Order("0x1", 1)], null));
        // The last of them was filled in part between the two questions.
        _api.Answer(
            $"/orders?maker={Samples.Account}&status=partially_filled&limit=500",
            () => new Page<OrderView>([Order("0x4", 4), Order("0x1", 1) with { Status = "partially_filled" }], null)
        );
        var file = await ReadAsync("open-orders", $"?of={Belongs}");
        Assert.Equal(["0x5", "0x4", "0x3", "0x1"], file.Rows.Select(row => row.GetProperty("orderId").GetString()));
        Assert.Equal("partially_filled", file.Rows[^1].GetProperty("status").GetString());
        Assert.False(file.IsCut);

        _api.Answer(open, () => new Page<OrderView>([.. Enumerable.Range(1, 500).Select(_ => Order($"0x{_orders}", _orders++))], "next"));
        _api.Answer($"{open}&cursor=3", () => new Page<OrderView>([], null));
        file = await ReadAsync("open-orders", $"?of={Belongs}");
        Assert.Equal((ListExports.MaxRows, true), (file.Rows.Count, file.IsCut));
    }

    [Fact]
    public async Task PastOrders_OfAnAccountThatHasMore_AreAllInTheFile()
    {
        _account = _account with { MorePastOrders = true };
        var any = $"/orders?maker={Samples.Account}&limit=500";
        _api.Answer(any, () => new Page<OrderView>([Order("0x5", 5), Order("0x3", 3) with { Status = "filled" }], "3"));
        _api.Answer($"{any}&cursor=3", () => new Page<OrderView>([Order("0x1", 1) with { Status = "expired" }], null));
        var file = await ReadAsync("past-orders", $"?of={Belongs}&cursor=of-the-page");
        Assert.Equal(["0x3", "0x1"], file.Rows.Select(row => row.GetProperty("orderId").GetString()));
        Assert.False(file.IsCut);
    }

    [Fact]
    [Trait("Category", "Console")]
    public async Task WhatTheApiDoesNotReport_IsNoEmptyFile()
    {
        _account = _account with { PastOrders = null };
        await Assert.ThrowsAsync<ApiUnavailableException>(() => ReadAsync("past-orders", $"?of={Belongs}"));
        _api.Answer("/admin/settlement", () => Samples.SettlementDetail() with { Status = Samples.Settlement() });
        await Assert.ThrowsAsync<ApiUnavailableException>(() => ReadAsync("endpoints", ""));
    }

    [Fact]
    [Trait("Category", "Console")]
    public async Task NodeThatIsNotHeard_IsSoInTheFile()
    {
        var silent = Samples.Overview().Cluster!.Nodes[0];
        var question = Question("") with { Missing = [silent] };
        var file = await ListExports.ReadAsync("nodes", question)!;
        Assert.Equal(
            "not heard",
            file.Rows.Single(row => row.GetProperty("nodeId").GetString() == silent.NodeId).GetProperty("state").GetString()
        );
    }

    [Theory]
    [Trait("Category", "Console")]
    [InlineData("balances", "", "of is missing.")]
    [InlineData("strikes", "?of=", "of is missing.")]
    [InlineData("repairs", "?of=9x", "of must be a number.")]
    [InlineData("market-proposals", "?of=9999999999", "of must be a number.")]
    public async Task ListOfOneThing_IsRefused_WithoutIt(string list, string query, string why)
    {
        var refused = await Assert.ThrowsAsync<ApiRefusedException>(() => ReadAsync(list, query));
        Assert.Equal((400, why), (refused.Status, refused.Message));
        Assert.Empty(_api.Asked);
    }

    [Fact]
    public void UnknownList_IsNone() => Assert.Null(ListExports.ReadAsync("secrets", Question("")));

    private static OrderView Order(string id, int second) =>
        Samples.Order() with
        {
            OrderId = id,
            Status = "open",
            AcceptedAt = Samples.Noon.AddSeconds(second),
        };

    private static DecisionView Decision(string actor) =>
        new(Samples.Noon, actor, "key", "market", "7", MarketActions.Pause, MarketStates.Open, MarketStates.Paused, "Odd fills.", null);

    private static DiscrepancyAuditView Entry(long id, string actor) =>
        new(id, Samples.Noon, actor, "note", DiscrepancyStates.Open, DiscrepancyStates.Open, "Asked.");

    private static MarketProposals Proposals(params string[] states) =>
        new(TakesTwoKeys: true, [.. states.Select((state, i) => Samples.Proposal(state, i + 1))]);

    private static CoverageView Range(long run, long from) =>
        new(from, from + 99, CoverageStates.Covered, run, Samples.Noon.AddMinutes(run), null);

    private static IEnumerable<string?> Actors(ListFile file) => file.Rows.Select(row => row.GetProperty("actor").GetString());

    private Task<ListFile> ReadAsync(string list, string query) => ListExports.ReadAsync(list, Question(query))!;

    private ExportQuestion Question(string query) => new(_api.Client(), $"/export/list{query}", CancellationToken.None);
}
