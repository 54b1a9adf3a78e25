using Foresight.Protocol;

namespace Foresight.Console.Tests;

internal static class Samples
{
    public static readonly DateTimeOffset Noon = new(2026, 5, 4, 12, 0, 0, TimeSpan.Zero);

    public const string Hash = "0x1111111111111111111111111111111111111111111111111111111111112222";

    public const string Account = "0x00000000000000000000000000000000000000ab";

    public static MarketView Market(int id = 7, string state = MarketStates.Open, MarketStats? stats = null) =>
        new(
            id,
            "0x00000000000000000000000000000000000000a7",
            $"Will it rain on day {id}?",
            ["Yes", "No"],
            "0.001",
            state,
            null,
            null,
            stats
        );

    public static MarketStats Stats(int market = 7) => new(market, "0.42", "1234.5", "518.49", 31, "0.415", "0.425");

    public static TradeView Trade(long id = 42, int outcome = 0, string price = "0.42", string settlement = TradeStates.Matched) =>
        new(id, 7, "direct", outcome, "buy", price, "12.5", Noon.AddSeconds(-30), settlement, null, null, null, 1, id);

    public static OrderView Order() =>
        new(
            Hash,
            7,
            "0x00000000000000000000000000000000000000a7",
            Account,
            0,
            IsBuy: true,
            "0.42",
            "10",
            "2.5",
            "7.5",
            "GTC",
            PostOnly: false,
            null,
            "partially_filled",
            null,
            Noon.AddSeconds(-40),
            Noon.AddSeconds(-10),
            null,
            [],
            3,
            1_234
        );

    /// <summary>Mined, after one with a lower fee was replaced.</summary>
    public static BatchView BatchOfTwo(long id = 5, string state = "mined", string hash = Hash) =>
        new(
            id,
            7,
            "0x00000000000000000000000000000000000000cc",
            17,
            hash,
            state,
            3,
            1_234,
            200_000,
            97_500,
            "1500000000",
            "1000000000",
            null,
            Noon.AddSeconds(-60),
            Noon.AddSeconds(-59),
            Noon.AddSeconds(-50),
            Noon.AddSeconds(-50),
            2,
            3
        );

    public static OffenderView Offender(string level = OffenderLevels.Capped, int points = 3) =>
        new(
            "0x00000000000000000000000000000000000000ab",
            level,
            points,
            points > 0 ? Noon.AddMinutes(20) : null,
            points,
            points > 0 ? new Dictionary<string, int> { ["approval_revoked"] = 1, ["balance_moved"] = 2 } : new Dictionary<string, int>(),
            Noon.AddMinutes(-5)
        );

    public static DiscrepancyView Discrepancy(long id = 3, string state = DiscrepancyStates.Open, string severity = Severities.High) =>
        new(
            id,
            $"amount_mismatch:{id}",
            DiscrepancyKinds.AmountMismatch,
            severity,
            state,
            7,
            42,
            "0x1111111111111111111111111111111111111111111111111111111111112222",
            1_234,
            $"The amounts of trade {id} differ",
            """{"lots":5}""",
            """{"lots":6}""",
            Noon.AddMinutes(-90),
            Noon.AddSeconds(-10),
            null,
            null,
            null,
            Amount: "12.5"
        );

    public static DiscrepancyDetail Detail(DiscrepancyView? row = null, params DiscrepancyAuditView[] audit) =>
        new(row ?? Discrepancy(), audit);

    public static RunView Run(long id = 9, string state = RunStates.Succeeded, string? error = null) =>
        new(id, "schedule", state, Noon.AddSeconds(-20), Noon.AddSeconds(-18), 100, 2_100, 1_500, 4, 1, error, "matching-1");

    public static LeaderView Leader(string state = NodeStates.Active, double? leaseMs = 2_400) =>
        new("matching-1", "http://127.0.0.1:41234", 1_012, Noon.AddMinutes(-10), leaseMs, state);

    public static FailoverView Failover(long epoch = 1_012, string? previous = "matching-2") =>
        new(
            LeasedResources.Matching,
            epoch,
            "matching-1",
            previous,
            Noon.AddMinutes(-10),
            new Dictionary<string, double>
            {
                ["detected"] = 5,
                ["lease"] = 20,
                ["fenced"] = 45,
                ["recovered"] = 320,
                ["first_ack"] = 350,
            }
        );

    public static ClusterStatus Cluster(LeaderView? leader) =>
        new(
            leader is not null,
            leader,
            [
                new NodeRecord("api-1", "api", "http://127.0.0.1:1", NodeStates.Running, "1.0.0+9f3c2e1dabc", 11, Noon, Noon, []),
                new NodeRecord(
                    "matching-1",
                    "matching",
                    "http://127.0.0.1:2",
                    NodeStates.Active,
                    "1.0.0+9f3c2e1dabc",
                    12,
                    Noon,
                    Noon,
                    [LeasedResources.Matching]
                ),
            ],
            [new LeadershipView(LeasedResources.Matching, 1_012, "matching-1", Noon), new LeadershipView("settlement", 0, null, null)],
            [Failover()],
            Redis: new SourceView(SourceView.Up, Noon),
            Postgres: new SourceView(SourceView.Up, Noon)
        );

    public static DatabaseStatus Database() =>
        new(Server("primary", ServerRoles.Primary, reads: 25), [Server("replica-1", ServerRoles.Replica, reads: 75)], 25, 75);

    public static ServerView Server(string name, string role, long reads, bool healthy = true, string? error = null) =>
        new(
            name,
            role,
            "127.0.0.1:5432",
            healthy,
            10,
            healthy ? 0 : 3,
            role == ServerRoles.Primary ? 0 : 2_048,
            0.25,
            1.26,
            Noon,
            error,
            reads
        );

    public static DatabaseDetail DatabaseDetail() =>
        new(
            Noon,
            [new("replica-1", true, "reserved", 2_048), new("left-behind", false, "unreserved", 5_368_709_120)],
            [new("foresight", "api-1", "idle", 7), new("foresight", "matching", "idle in transaction", 1)],
            [new(4_711, "foresight", "api-1", "active", 95_000, "SELECT count(*) FROM trades WHERE market_id = $1")],
            UnreadableSessions: 0,
            MaxConnections: 100
        );

    public static ReconciliationStatus Reconciliation(int open = 2) =>
        new(
            false,
            Noon.AddMinutes(1),
            TimeSpan.FromMinutes(5),
            AutoFix: false,
            Run(),
            2_100,
            2_105,
            open,
            new Dictionary<string, int> { [DiscrepancyKinds.AmountMismatch] = open },
            [.. DiscrepancyAges.All.Select((age, i) => new AgeCount(age, i))],
            new SolvencyView("1000.5", "1000.5", "0", 20, 9, Noon),
            "100"
        );

    public static SettlementView Settlement(string? lastError = null) =>
        new(
            new Dictionary<string, long>
            {
                [TradeStates.Mined] = 3,
                [TradeStates.Final] = 1_500,
                [TradeStates.Matched] = 2,
            },
            2_105,
            2_100,
            5,
            "0x00000000000000000000000000000000000000cc",
            "12.3456",
            "matching-1",
            lastError,
            lastError is null ? null : Noon
        );

    public static BatchView Batch(long id = 5, string state = TradeStates.Mined, int transactions = 1) =>
        new(
            id,
            7,
            "0x00000000000000000000000000000000000000cc",
            40 + id,
            $"0x{id:x64}",
            state,
            3,
            state == TradeStates.Mined ? 2_104 : null,
            900_000,
            state == TradeStates.Mined ? 291_234 : null,
            "2500000000",
            "1000000000",
            null,
            Noon.AddSeconds(-20),
            Noon.AddSeconds(-19),
            state == TradeStates.Mined ? Noon.AddSeconds(-16) : null,
            Noon.AddSeconds(-16),
            transactions,
            12
        );

    public static SettlementDetail SettlementDetail(string? halted = null) =>
        new(
            Noon,
            Settlement() with
            {
                Halted = halted,
                Endpoints =
                [
                    new ChainEndpointView("rpc-1", IsWell: true, 2_105, 0, null),
                    new ChainEndpointView("rpc-2", IsWell: false, 2_100, 5, "no answer within 1 s"),
                ],
            },
            halted is null ? null : Noon.AddMinutes(-7),
            [
                new SettlementQueueView(TradeStates.Matched, 2, 41, Noon.AddSeconds(-30)),
                new SettlementQueueView(TradeStates.Mined, 3, 40, Noon.AddMinutes(-4)),
            ],
            [Batch()],
            [new FailureCountView("balance_moved", 4, Noon.AddHours(-1))]
        );

    /// <summary>Of a delay of 20 minutes.</summary>
    public static FirmView Firm(string? why = null, DateTimeOffset? since = null, DateTimeOffset? oldest = null) =>
        new(
            "0x00000000000000000000000000000000000000dd",
            100,
            1_200,
            why is null,
            why,
            since,
            3,
            "1250.5",
            oldest ?? Noon.AddSeconds(-40),
            500,
            0.84,
            Noon.AddMinutes(4),
            2,
            "700",
            Noon.AddMinutes(9)
        );

    /// <summary>Requested 11 minutes ago, for 20 minutes.</summary>
    public static VaultWithdrawalView Withdrawal(string state = WithdrawalStates.Leaving, string account = Account, long unsettled = 0) =>
        new(
            account,
            "USDC",
            "500.25",
            WithdrawalKinds.Request,
            state,
            Noon.AddMinutes(-11),
            Noon.AddMinutes(9),
            2_000,
            2_100,
            50,
            null,
            2_000,
            Hash,
            unsettled
        );

    public static VaultWithdrawalView CoSigned() =>
        Withdrawal(WithdrawalStates.CoSigned) with
        {
            Asset = "7:0",
            Amount = "199.75",
            Kind = WithdrawalKinds.CoSignature,
            SinceBlock = null,
            ReadyBlock = null,
            BlocksLeft = null,
            Block = null,
            Nonce = "17",
            TransactionHash = null,
            Deadline = Noon.AddMinutes(10),
        };

    public static PurseView Purse(string asset = "USDC") => new(asset, "75", "25", "10", "5", "10", "8", 2_100, Noon.AddMinutes(9), "4.5");

    public static AccountDetail AccountDetail() =>
        new(
            Account,
            2_100,
            [new BalanceView("USDC", "100", "40", "10.5", "49.5"), new BalanceView("7:0", "12", "0", "0", "12")],
            MoreBalances: false,
            new ChainAccountView(2_105, [new ChainBalanceView("USDC", "90", "80"), new ChainBalanceView("7:0", "12", "12")]),
            null,
            [Order()],
            MoreOpenOrders: false,
            [Trade()],
            MoreTrades: true,
            new OffenderDetail(Offender(), [new StrikeView(41, "balance_moved", 20, Noon, null)], []),
            [Order() with { OrderId = "0x99", Status = "filled" }],
            MorePastOrders: true
        );

    /// <summary>Failed, by the doing of its maker.</summary>
    public static TradeDetail TradeDetail() =>
        new(
            Trade(settlement: TradeStates.Failed) with
            {
                SettlementReason = "balance_moved",
            },
            [
                new TradeSideView(0, Hash, Account, 0, "buy", "0.42", "12.5", "maker", null),
                new TradeSideView(
                    1,
                    "0x5555555555555555555555555555555555555555555555555555555555556666",
                    "0x00000000000000000000000000000000000000cd",
                    1,
                    "buy",
                    "0.58",
                    "12.5",
                    "taker",
                    "0af7651916cd43dd8448eb211c80319c"
                ),
            ],
            [new StageView(TradeStates.Matched, Noon.AddSeconds(-30), 42, Epoch: 1, Sequence: 42)],
            Attempts: 2,
            Closed: true,
            BatchOfTwo(),
            [BatchOfTwo(4, "replaced", "0x7777777777777777777777777777777777777777777777777777777777778888")],
            [Discrepancy()],
            Account,
            new StrikeView(42, "balance_moved", 1, Noon, null)
        );

    public static RepairView Repair() =>
        new(1, 9, 3, "status_mismatch:5", "status_mismatch", RepairStates.Planned, """{"s":1}""", """{"s":2}""", null, Noon);

    public static HistoryPoint Point(int secondsAgo, double? orders = 10, params string[] problems) =>
        new(Noon.AddSeconds(-secondsAgo), 1, orders, 5, 2, 9, 1, 2_048, 7, 21, HistoryHealth.Of(problems), problems);

    public static HistoryView History(params HistoryPoint[] points) =>
        new(HistoryRanges.Hour, 10, Noon.AddHours(-1), Noon, points.Length > 0 ? points : [Point(20), Point(10)], [Failover()]);

    public static MarketProposalView Proposal(string state, long id = 3) =>
        new(
            id,
            ProposalKinds.Resolve,
            state,
            7,
            "Will it rain?",
            ["Yes", "No"],
            0,
            null,
            null,
            new ProposalStep("Ada", "ada", Noon, "It is over."),
            null,
            new PreparedTransaction(31337, "0xa7", "resolve(uint256)", [new CallArgument("outcomeIndex", "0")], "0x00"),
            null
        );

    public static FailedCommandView FailedCommand(string command = """{"kind":"Place","order":{"salt":"1"}}""") =>
        new(
            0,
            Guid.Parse("0f8fad5b-d9cb-469f-a165-70867728950e"),
            12,
            "Place",
            command,
            "The book lost an order.",
            Noon.AddMinutes(-3).AddTicks(1_234_560),
            Noon.AddMinutes(57)
        );

    public static AdminOverview Overview(
        ClusterStatus? cluster = null,
        ReconciliationStatus? reconciliation = null,
        params (string Part, string Reason)[] unavailable
    ) =>
        new(
            Noon,
            cluster ?? Cluster(Leader()),
            Database(),
            reconciliation ?? Reconciliation(),
            Settlement(),
            new ThroughputView(12.34, 5.6, 99_000, 321, 1_505),
            unavailable.ToDictionary(entry => entry.Part, entry => entry.Reason)
        );
}
