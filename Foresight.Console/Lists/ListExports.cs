using Foresight.Console.Accounts;
using Foresight.Console.Api;
using Foresight.Console.Database;
using Foresight.Console.Decisions;
using Foresight.Console.FailedCommands;
using Foresight.Console.Failovers;
using Foresight.Console.Markets;
using Foresight.Console.Markets.Proposals;
using Foresight.Console.Offenders;
using Foresight.Console.Overview;
using Foresight.Console.Reconciliation;
using Foresight.Console.Settlement;
using Foresight.Console.Trades;
using Foresight.Console.Transactions;
using Foresight.Console.Withdrawals;
using Foresight.Protocol;

namespace Foresight.Console.Lists;

/// <summary>Every list of the console but the discrepancies, whose file the Api makes (ExportEndpoint).</summary>
public static class ListExports
{
    public const string Path = "/export";

    public const string Discrepancies = "discrepancies";

    /// <summary>Of a file that is read page by page: 20 questions to the Api, which take about a second.</summary>
    public const int MaxRows = 10_000;

    /// <summary>ReconciliationReader.MaxExport of the Api.</summary>
    public const int MaxDiscrepancies = 100_000;

    /// <summary>DecisionLogReader.Rows of the Api: the newest ones.</summary>
    public const int MaxDecisions = 500;

    /// <summary>Of an account, an offender or a transaction: the newest, as on its page.</summary>
    public const int MaxOfOne = 100;

    /// <summary>OffenderAdministration.MaxListed of the Api: the worst.</summary>
    public const int MaxOffenders = 500;

    /// <summary>BatchRow.MaxOthers of the Api: signed for the same nonce, the newest.</summary>
    public const int MaxOtherTransactions = 20;

    /// <summary>TradeDetailReader.MaxDiscrepancies of the Api: the newest.</summary>
    public const int MaxOfTrade = 50;

    /// <summary>ProposalStore.Shown of the Api: open ones, then the newest.</summary>
    public const int MaxProposals = 30;

    /// <summary>ReconciliationReader of the Api: the newest of one discrepancy.</summary>
    public const int MaxAudit = 500;

    /// <summary>The Api's limit.</summary>
    private const int PageSize = 500;

    private static readonly string[] OpenStatuses = ["open", "partially_filled"];

    private static readonly Dictionary<string, Func<ExportQuestion, Task<ListFile>>> Lists = new(StringComparer.Ordinal)
    {
        ["markets"] = async ask => ask.Sorted(await ask.Api.GetMarketsAsync(ask["state"], ask["text"], ask.Cancelled), MarketsPage.Columns),
        ["open-proposals"] = async ask =>
        {
            var open = ProposalRules.Open((await ask.Api.GetMarketProposalsAsync(null, ask.Cancelled)).Items);
            return ListFile.Of(open, MaxRows) with { IsCut = open.Count >= MaxProposals };
        },
        ["ended-proposals"] = async ask =>
        {
            var all = (await ask.Api.GetMarketProposalsAsync(null, ask.Cancelled)).Items;
            return ask.Sorted(ProposalRules.Ended(all), EndedProposals.Columns, EndedProposals.Prefix) with
            {
                IsCut = all.Count >= MaxProposals,
            };
        },
        ["market-proposals"] = async ask =>
        {
            var all = (await ask.Api.GetMarketProposalsAsync(ask.OfMarket, ask.Cancelled)).Items;
            return ListFile.Of(all, MaxRows) with { IsCut = all.Count >= MaxProposals };
        },
        ["trades"] = ask =>
            PagedAsync(cursor =>
                ask.Api.GetTradesAsync(
                    ask["market"],
                    ask["account"],
                    ask["settlement"],
                    ask["reason"],
                    ask["sort"],
                    cursor,
                    PageSize,
                    ask.Cancelled
                )
            ),
        ["decisions"] = async ask =>
        {
            var log = await ask.Api.GetDecisionsAsync(DecisionsPage.RangeOf(ask["hours"]), ask["subject"], ask["actor"], ask.Cancelled);
            return ask.Sorted(log.Decisions, DecisionsPage.Columns) with { IsCut = log.More };
        },
        ["offenders"] = async ask =>
        {
            var rows = await ask.Api.GetOffendersAsync(ask.Cancelled);
            return ask.Sorted(Standings.Filter(rows, ask["standing"], ask["reason"]), OffendersPage.Columns) with
            {
                IsCut = rows.Count >= MaxOffenders,
            };
        },
        ["runs"] = ask =>
            SortedPagesAsync(ask, cursor => ask.Api.GetRunsAsync(cursor, PageSize, ask.Cancelled), RunTable.Columns, RunTable.Prefix),
        ["coverage"] = ask =>
            SortedPagesAsync(ask, cursor => ask.Api.GetCoverageAsync(cursor, PageSize, ask.Cancelled), Coverage.Columns, Coverage.Prefix),
        ["both-sides"] = async ask =>
        {
            var row = (await ask.Api.GetDiscrepancyAsync(ask.OfNumber, ask.Cancelled)).Discrepancy;
            return ask.Sorted(EvidencePairs.Align(row.OnChain, row.OffChain), BothSides.Columns, BothSides.Prefix);
        },
        ["audit"] = async ask =>
        {
            var entries = (await ask.Api.GetDiscrepancyAsync(ask.OfNumber, ask.Cancelled)).Audit;
            return ask.Sorted(AuditTrail.NewestFirst(entries), AuditTrail.Columns, AuditTrail.Prefix) with
            {
                IsCut = entries.Count >= MaxAudit,
            };
        },
        ["servers"] = async ask =>
            ask.Sorted(
                ServerTable.RowsOf(Read((await ask.Api.GetOverviewAsync(ask.Cancelled)).Database)),
                ServerTable.Columns,
                ServerTable.Prefix,
                row => row.Server
            ),
        ["slots"] = async ask =>
            ask.Sorted(
                (await ask.Api.GetDatabaseDetailAsync(ask.Cancelled)).Slots,
                DatabaseDetails.SlotColumns,
                DatabaseDetails.SlotPrefix
            ),
        ["pools"] = async ask =>
            ask.Sorted(
                (await ask.Api.GetDatabaseDetailAsync(ask.Cancelled)).Pools,
                DatabaseDetails.PoolColumns,
                DatabaseDetails.PoolPrefix
            ),
        ["slow-queries"] = async ask =>
            ask.Sorted(
                (await ask.Api.GetDatabaseDetailAsync(ask.Cancelled)).SlowQueries,
                DatabaseDetails.SlowColumns,
                DatabaseDetails.SlowPrefix
            ),
        ["nodes"] = async ask =>
            ask.Sorted(
                NodeTable.RowsOf(Read((await ask.Api.GetOverviewAsync(ask.Cancelled)).Cluster).Nodes, ask.Missing),
                NodeTable.Columns,
                NodeTable.Prefix,
                row => row.IsMissing ? row.Node with { State = NodeTable.NotHeard } : row.Node
            ),
        ["leadership"] = async ask =>
            ask.Sorted(
                Leadership.RowsOf(Read((await ask.Api.GetOverviewAsync(ask.Cancelled)).Cluster)),
                Leadership.Columns,
                Leadership.Prefix,
                LeadershipFileRow.Of
            ),
        ["failovers"] = async ask => ask.Sorted(FailoverRules.Filter(await FailoversAsync(ask), ask["resource"]), FailoversPage.Columns),
        ["phases"] = async ask =>
        {
            var of = ask.Of;
            return (await FailoversAsync(ask)).FirstOrDefault(failover => FailoverRules.IdOf(failover) == of) is { } term
                ? ask.Sorted(FailoverRules.PhasesOf(term), FailoverPage.Columns, FailoverPage.Prefix)
                : throw new ApiRefusedException(
                    StatusCodes.Status404NotFound,
                    ProblemCodes.NotFound,
                    "No such term is among the last 50 or those of the last 24 hours."
                );
        },
        ["batches"] = ask =>
        {
            ask.CheckSort(BatchTable.Columns);
            return SortedPagesAsync(
                ask,
                async cursor => Uncounted(await ask.Api.GetBatchesAsync(ask["state"], After(cursor), PageSize, ask.Cancelled)),
                BatchTable.Columns
            );
        },
        ["queue"] = async ask =>
            ask.Sorted((await ask.Api.GetSettlementAsync(ask.Cancelled)).Queue, SettlementPage.QueueColumns, SettlementPage.QueuePrefix),
        ["failures"] = async ask =>
            ask.Sorted(
                (await ask.Api.GetSettlementAsync(ask.Cancelled)).FailuresLast24Hours,
                SettlementPage.FailureColumns,
                SettlementPage.FailurePrefix
            ),
        ["endpoints"] = async ask =>
            ask.Sorted(
                Read((await ask.Api.GetSettlementAsync(ask.Cancelled)).Status.Endpoints),
                SettlementPage.EndpointColumns,
                SettlementPage.EndpointPrefix
            ),
        ["balances"] = async ask =>
        {
            var account = await ask.Api.GetAccountAsync(ask.Of, ask.Cancelled);
            var lines = BalanceRules.Align(account.Balances, account.OnChain, account.Trades);
            return ask.Sorted(lines, BalanceList.Columns(NoMarket), BalanceList.Prefix, BalanceFileRow.Of) with
            {
                IsCut = account.MoreBalances,
            };
        },
        ["open-orders"] = async ask =>
        {
            var account = await ask.Api.GetAccountAsync(ask.Of, ask.Cancelled);
            if (!account.MoreOpenOrders)
                return OrdersOf(ask, account.OpenOrders, OrderList.OpenPrefix, more: false);
            var all = await OpenOrdersAsync(ask, account.Address);
            return OrdersOf(ask, [.. all.Take(MaxRows)], OrderList.OpenPrefix, all.Count > MaxRows);
        },
        ["past-orders"] = async ask =>
        {
            var account = await ask.Api.GetAccountAsync(ask.Of, ask.Cancelled);
            if (Read(account.PastOrders) is var newest && !account.MorePastOrders)
                return OrdersOf(ask, newest, OrderList.PastPrefix, more: false);
            var all = await ReadPagesAsync(cursor => ask.Api.GetOrdersAsync(account.Address, null, cursor, PageSize, ask.Cancelled));
            var past = all.Where(order => !OpenStatuses.Contains(order.Status)).Take(MaxRows);
            return OrdersOf(ask, [.. past], OrderList.PastPrefix, all.Count > MaxRows);
        },
        ["account-trades"] = async ask =>
        {
            var account = await ask.Api.GetAccountAsync(ask.Of, ask.Cancelled);
            if (!account.MoreTrades)
                return TradesOf(ask, account.Trades, more: false);
            var all = await ReadPagesAsync(cursor =>
                ask.Api.GetTradesAsync(null, account.Address, null, null, null, cursor, PageSize, ask.Cancelled)
            );
            return TradesOf(ask, [.. all.Take(MaxRows)], all.Count > MaxRows);
        },
        ["transaction-trades"] = async ask =>
        {
            var transaction = await ask.Api.GetTransactionAsync(ask.Of, ask.Cancelled);
            return TradesOf(ask, transaction.Trades, transaction.MoreTrades);
        },
        ["other-transactions"] = async ask =>
        {
            var others = (await ask.Api.GetTransactionAsync(ask.Of, ask.Cancelled)).OtherTransactions;
            return ask.Sorted(others, BatchList.Columns, BatchList.Prefix) with { IsCut = others.Count >= MaxOtherTransactions };
        },
        ["trade-sides"] = async ask =>
            ask.Sorted(
                (await ask.Api.GetTradeAsync(ask.Of, ask.Cancelled)).Sides,
                TradePage.SideColumns(() => null, _ => null),
                TradePage.SidePrefix
            ),
        ["trade-discrepancies"] = async ask =>
        {
            var found = (await ask.Api.GetTradeAsync(ask.Of, ask.Cancelled)).Discrepancies;
            return ask.Sorted(found, TradePage.DiscrepancyColumns, TradePage.DiscrepancyPrefix) with { IsCut = found.Count >= MaxOfTrade };
        },
        ["strikes"] = async ask =>
        {
            var strikes = (await ask.Api.GetOffenderAsync(ask.Of, ask.Cancelled)).Strikes;
            return ask.Sorted(strikes, OffenderPage.Columns, OffenderPage.Prefix) with { IsCut = strikes.Count >= MaxOfOne };
        },
        ["repairs"] = ask =>
            SortedPagesAsync(
                ask,
                cursor => ask.Api.GetRepairsAsync(ask.OfNumber, cursor, PageSize, ask.Cancelled),
                RepairTable.Done,
                RepairTable.Prefix
            ),
        ["purses"] = async ask =>
        {
            var purses = (await ask.Api.GetAccountAsync(ask.Of, ask.Cancelled)).Purses ?? [];
            return ask.Sorted(purses, PurseList.Columns(NoMarket), PurseList.Prefix) with { IsCut = purses.Count >= MaxOfOne };
        },
        ["account-withdrawals"] = ask =>
            SortedPagesAsync(
                ask,
                cursor => WithdrawalsAsync(ask, new WithdrawalChoice(ask.Of), cursor),
                WithdrawalList.Columns,
                WithdrawalList.OwnPrefix
            ),
        ["withdrawals"] = ask =>
        {
            ask.CheckSort(WithdrawalList.Columns);
            var choice = new WithdrawalChoice(ask["account"], ask["state"]);
            return SortedPagesAsync(ask, cursor => WithdrawalsAsync(ask, choice, cursor), WithdrawalList.Columns);
        },
        ["failed-commands"] = ask =>
        {
            ask.CheckSort(FailedCommandsPage.Columns);
            var choice = new FailedCommandChoice(ask["kind"], ask["shard"], ask["text"]);
            return SortedPagesAsync(
                ask,
                async cursor => Uncounted(await ask.Api.GetFailedCommandsAsync(choice, After(cursor), PageSize, ask.Cancelled)),
                FailedCommandsPage.Columns
            );
        },
    };

    public static IReadOnlyCollection<string> Names => Lists.Keys;

    public static int MaxRowsOf(string list) =>
        list switch
        {
            Discrepancies => MaxDiscrepancies,
            "decisions" => MaxDecisions,
            "offenders" => MaxOffenders,
            "audit" => MaxAudit,
            "other-transactions" => MaxOtherTransactions,
            "trade-discrepancies" => MaxOfTrade,
            "open-proposals" or "ended-proposals" or "market-proposals" => MaxProposals,
            "balances" or "purses" or "transaction-trades" or "strikes" => MaxOfOne,
            _ => MaxRows,
        };

    /// <returns>Null: there is no such list.</returns>
    /// <exception cref="ApiRefusedException">The address has a filter or an order that does not exist.</exception>
    /// <exception cref="ApiUnavailableException">The rows cannot be read: a file with a part of them would look whole.</exception>
    public static Task<ListFile>? ReadAsync(string list, ExportQuestion question) =>
        Lists.TryGetValue(list, out var read) ? read(question) : null;

    private static async Task<ListFile> PagedAsync<T>(Func<string?, Task<Page<T>>> read) =>
        ListFile.Of(await ReadPagesAsync(read), MaxRows);

    /// <summary>Of a list that the page sorts. A file that is cut has the newest rows, whatever their order in it.</summary>
    private static async Task<ListFile> SortedPagesAsync<T>(
        ExportQuestion ask,
        Func<string?, Task<Page<T>>> read,
        IReadOnlyList<ListColumn<T>> columns,
        string prefix = ""
    )
    {
        var rows = await ReadPagesAsync(read);
        return ask.Sorted([.. rows.Take(MaxRows)], columns, prefix) with { IsCut = rows.Count > MaxRows };
    }

    /// <summary>By cursor, whatever the order: rows that are added while the file is read shift nothing.</summary>
    private static ListPlace After(string? cursor) => new(null, cursor, null);

    private static async Task<Page<VaultWithdrawalView>> WithdrawalsAsync(ExportQuestion ask, WithdrawalChoice choice, string? cursor) =>
        Uncounted(await ask.Api.GetWithdrawalsAsync(choice, After(cursor), PageSize, ask.Cancelled));

    private static Page<T> Uncounted<T>(CountedPage<T> page) => new(page.Items, page.Next);

    private static async Task<List<T>> ReadPagesAsync<T>(Func<string?, Task<Page<T>>> read)
    {
        var rows = new List<T>();
        string? cursor = null;
        do
        {
            var page = await read(cursor);
            rows.AddRange(page.Items);
            cursor = page.Next;
        } while (cursor is not null && rows.Count <= MaxRows);

        return rows;
    }

    private static async Task<IReadOnlyList<FailoverView>> FailoversAsync(ExportQuestion ask) =>
        FailoverRules.Merge(
            Read((await ask.Api.GetOverviewAsync(ask.Cancelled)).Cluster).Failovers,
            (await ask.Api.GetHistoryAsync(HistoryRanges.Day, ask.Cancelled)).Failovers
        );

    /// <summary>
    /// The Api lists one status at a time. An order that is filled in part meanwhile is in both, and counts as it was last.
    /// </summary>
    private static async Task<IReadOnlyList<OrderView>> OpenOrdersAsync(ExportQuestion ask, string account)
    {
        var orders = new Dictionary<string, OrderView>(StringComparer.Ordinal);
        foreach (var status in OpenStatuses)
        {
            var read = await ReadPagesAsync(cursor => ask.Api.GetOrdersAsync(account, status, cursor, PageSize, ask.Cancelled));
            foreach (var order in read)
                orders[order.OrderId] = order;
        }

        return [.. orders.Values.OrderByDescending(order => order.AcceptedAt).ThenByDescending(order => order.Sequence)];
    }

    private static ListFile OrdersOf(ExportQuestion ask, IReadOnlyList<OrderView> orders, string prefix, bool more) =>
        ask.Sorted(orders, OrderList.Columns(NoMarket), prefix) with
        {
            IsCut = more,
        };

    private static ListFile TradesOf(ExportQuestion ask, IReadOnlyList<TradeView> trades, bool more) =>
        ask.Sorted(trades, TradeList.SortedHere(NoMarket), TradeList.Prefix) with
        {
            IsCut = more,
        };

    /// <summary>No list is sorted by a market's words, so an export does not ask for them.</summary>
    private static MarketView? NoMarket(int id) => null;

    private static T Read<T>(T? part)
        where T : class => part ?? throw new ApiUnavailableException("The Api could not read it.");
}
