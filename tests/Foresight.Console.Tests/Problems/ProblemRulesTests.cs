using Foresight.Console.Live;
using Foresight.Console.Problems;
using Foresight.Protocol;

namespace Foresight.Console.Tests.Problems;

public sealed class ProblemRulesTests
{
    private static readonly DateTimeOffset Now = Samples.Noon;

    private static readonly ProblemFacts Sound = new(
        Now,
        Samples.Overview(reconciliation: Samples.Reconciliation(open: 0)),
        null,
        null,
        null,
        []
    );

    [Fact]
    public void SoundSystem_HasNone() => Assert.Empty(ProblemRules.Of(Sound));

    [Fact]
    public void NothingReadYet_IsNoProblem() => Assert.Empty(ProblemRules.Of(Sound with { Overview = null }));

    [Fact]
    public void WithoutAnApiNode_NothingElseIsKnown()
    {
        var problem = Assert.Single(ProblemRules.Of(Sound with { Outage = "node-1: cannot be reached", OutageSince = Now.AddSeconds(-9) }));
        Assert.Equal(
            ("api", Tones.Bad, "No Api node answers", Now.AddSeconds(-9)),
            (problem.Key, problem.Tone, problem.Title, problem.Since)
        );
        Assert.Contains("cannot be reached", problem.Meaning, StringComparison.Ordinal);
    }

    [Fact]
    public void NoLeader_IsBad_AndNamesTheShardWhereThereAreSeveral()
    {
        var problem = Assert.Single(Of(cluster => cluster with { HasLeader = false, Leader = null, Shards = null }));
        Assert.Equal(("No leader", "/cluster"), (problem.Title, problem.Href));
        ShardLeaderView[] shards = [new(0, "matching-engine", Samples.Cluster(Samples.Leader()).Leader), new(1, "matching-engine-1", null)];
        Assert.Equal(["No leader of matching-engine-1"], Titles(cluster => cluster with { HasLeader = false, Shards = shards }));
    }

    [Fact]
    public void StoresThatDoNotAnswer_AreNamed_WithTheTimeOfWhatIsShown()
    {
        var read = Now.AddSeconds(-20);
        var (sound, database) = (Sound.Overview!, Samples.Database());
        var overview = sound with
        {
            Cluster = sound.Cluster! with
            {
                Redis = new SourceView(SourceView.Down, read),
                Postgres = new SourceView(SourceView.Down, read),
            },
            Database = database with { Primary = database.Primary with { ConsecutiveFailures = 2 } },
        };
        var down = ProblemRules.Of(Sound with { Overview = overview });
        Assert.Equal(["Postgres does not answer", "Redis does not answer"], down.Select(problem => problem.Title));
        Assert.All(down, problem => Assert.Equal((read, true, true), (problem.Since!.Value, problem.IsBad, problem.IsOfSource)));
    }

    [Fact]
    public void MissingNodes_AreCountedByKind_AndNotWhileRedisIsDown()
    {
        MissingNode[] missing =
        [
            new("matching-2", "matching", Now.AddSeconds(-40)),
            new("matching-3", "matching", Now.AddSeconds(-50)),
            new("api-1", "api", Now.AddSeconds(-60)),
        ];
        var problems = ProblemRules.Of(Sound with { Missing = missing });
        Assert.Equal(["1 api node missing", "2 matching nodes missing"], problems.Select(problem => problem.Title));
        Assert.Equal(Now.AddSeconds(-50), problems[1].Since);
        Assert.Contains("matching-2, matching-3", problems[1].Meaning, StringComparison.Ordinal);

        var withoutRedis = Sound.Overview! with
        {
            Cluster = Samples.Cluster(Samples.Leader()) with { Redis = new SourceView(SourceView.Down, null) },
        };
        Assert.Equal(
            ["Redis does not answer"],
            ProblemRules.Of(Sound with { Overview = withoutRedis, Missing = missing }).Select(problem => problem.Title)
        );
    }

    [Fact]
    public void NodesThatNeverCame_AreMissed_BesideThoseThatWent()
    {
        var expected = new Dictionary<string, int> { ["matching"] = 3, ["api"] = 1 };
        var problem = Assert.Single(Of(cluster => cluster with { Expected = expected }));
        Assert.Equal(("node:matching", "2 matching nodes missing", true), (problem.Key, problem.Title, problem.IsOfSource));
        Assert.StartsWith("1 of 3 live. ", problem.Meaning, StringComparison.Ordinal);

        var overview = Sound.Overview! with { Cluster = Sound.Overview.Cluster! with { Expected = expected } };
        MissingNode[] missing = [new("matching-2", "matching", Now.AddSeconds(-40))];
        problem = Assert.Single(ProblemRules.Of(Sound with { Overview = overview, Missing = missing }));
        Assert.Equal(("2 matching nodes missing", Now.AddSeconds(-40)), (problem.Title, problem.Since!.Value));
        Assert.StartsWith("Not heard any more: matching-2. 1 of 3 live. ", problem.Meaning, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData(10, false)]
    [InlineData(11, true)]
    public void ReconcilerThatMissedTwoRuns_IsOverdue(int minutes, bool isOverdue)
    {
        var status = Samples.Reconciliation(open: 0) with { LastRun = Samples.Run() with { FinishedAt = Now.AddMinutes(-minutes) } };
        var problems = ProblemRules.Of(Sound with { Overview = Samples.Overview(reconciliation: status) });
        Assert.Equal(isOverdue ? ["The reconciler is overdue"] : [], problems.Select(problem => problem.Title));
        if (isOverdue)
            Assert.Equal(
                ("reconciler", "/reconciliation", Now.AddMinutes(-11)),
                (problems[0].Key, problems[0].Href, problems[0].Since!.Value)
            );
    }

    [Fact]
    public void MixedVersions_AreListedShort()
    {
        var problem = Assert.Single(
            Of(cluster =>
                cluster with
                {
                    Nodes = [.. cluster.Nodes.Select((node, i) => node with { Version = $"1.0.{i % 2}+0123456789abcdef" })],
                }
            )
        );
        Assert.Equal(("versions", Tones.Watch), (problem.Key, problem.Tone));
        Assert.StartsWith("1.0.0+0123456, 1.0.1+0123456.", problem.Meaning, StringComparison.Ordinal);
    }

    [Fact]
    public void HaltedSettlement_SaysWhy()
    {
        var problem = Assert.Single(
            OfSettlement(view =>
                view with
                {
                    Halted = "the nonce was used by another",
                    HaltedSince = Now.AddMinutes(-9),
                    LastErrorAt = Now.AddMinutes(-1),
                }
            )
        );
        // The time of the last error may be that of another error, long before.
        Assert.Equal(("halted", Now.AddMinutes(-9)), (problem.Key, problem.Since));
        Assert.StartsWith("the nonce was used by another", problem.Meaning, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData(4, false)]
    [InlineData(5, true)]
    public void SilentSettlement_IsNotMistakenForAChainThatStands(int seconds, bool isSilent)
    {
        var facts = Settlement(view => view with { ReportedAt = Now.AddSeconds(-seconds) }) with
        {
            Head = new HeadMoves(Now.AddSeconds(isSilent ? -60 : -1), TimeSpan.FromSeconds(1)),
        };
        Assert.Equal(isSilent ? ["settlement"] : [], Keys(facts));
    }

    [Theory]
    [Trait("Category", "Console")]
    [InlineData(-60, 1, false)]
    [InlineData(-60, 5, true)]
    [InlineData(60, 5, true)]
    public void ReportOfSettlement_IsAsOldAsTheDatabaseHasIt_WhateverTheConsolesClock(int clockAheadBy, int age, bool isSilent)
    {
        var facts = Settlement(view =>
            view with
            {
                ReportedAt = Now.AddSeconds(-age + clockAheadBy),
                ReportAge = TimeSpan.FromSeconds(age),
            }
        );
        Assert.Equal(isSilent ? ["settlement"] : [], Keys(facts));
    }

    [Fact]
    [Trait("Category", "Console")]
    public void HaltOfASilentSettlement_DoesNotHideThatItIsSilent()
    {
        var facts = Settlement(view => view with { Halted = "A reorganisation.", ReportedAt = Now.AddSeconds(-60) });
        Assert.Equal(["halted", "settlement"], Keys(facts));
    }

    /// <summary>From one answer alone: an operator who opens the console at three learns that it has stood since two.</summary>
    [Theory]
    [Trait("Category", "Console")]
    [InlineData(180, null, false)]
    [InlineData(181, null, true)]
    [InlineData(400, 180, false)]
    [InlineData(400, 181, true)]
    [InlineData(181, 400, true)]
    [InlineData(null, 400, false)]
    public void Settlement_ThatDoesNotMove_IsOneWithTradesThatWait(int? waitingFor, int? settledBefore, bool stands)
    {
        var problems = OfSettlement(view =>
            view with
            {
                WaitingSince = waitingFor is { } waiting ? Now.AddSeconds(-waiting) : null,
                SettledAt = settledBefore is { } settled ? Now.AddSeconds(-settled) : null,
            }
        );
        Assert.Equal(stands ? ["unmoved"] : [], problems.Select(problem => problem.Key));
        if (stands)
            Assert.Equal(Now.AddSeconds(-181), problems[0].Since);
    }

    [Fact]
    [Trait("Category", "Console")]
    public void Problems_StartWhenTheirSourceSaysSo_AndNotWithTheReading()
    {
        var start = Now.AddHours(-3);
        var (cluster, database) = (Samples.Cluster(Samples.Leader()), Samples.Database());
        var facts = Sound with
        {
            Overview = Sound.Overview! with
            {
                Cluster = cluster with
                {
                    HasLeader = false,
                    Leader = null,
                    Shards = null,
                    Resources = [new LeadershipView(LeasedResources.Matching, 9, "matching-1", start.AddHours(-1), start)],
                    Nodes =
                    [
                        .. cluster.Nodes.Select((node, i) => node with { Version = $"1.{i % 2}", StartedAt = start.AddHours(i % 2 - 1) }),
                    ],
                },
                Database = database with
                {
                    Primary = database.Primary with { Healthy = false, FailingSince = start },
                    Replicas = [database.Replicas[0] with { Healthy = false, FailingSince = start }],
                },
                Settlement = Sound.Overview.Settlement! with
                {
                    Endpoints = [new ChainEndpointView("rpc-1", false, null, null, "no answer", start)],
                    SignerBalanceEth = "0.2",
                    LowBalanceEth = "0.5",
                    BalanceLowSince = start,
                },
            },
        };
        var problems = ProblemRules.Of(facts);
        Assert.Equal(
            ["endpoints", "leader", "primary", $"replica:{database.Replicas[0].Name}", "signer", "versions"],
            problems.Select(problem => problem.Key).Order(StringComparer.Ordinal)
        );
        Assert.All(problems, problem => Assert.Equal((problem.Key, start), (problem.Key, problem.Since)));
    }

    /// <summary>A lease that is given back has no end, and one that is renewed again has its end ahead.</summary>
    [Theory]
    [Trait("Category", "Console")]
    [InlineData(null)]
    [InlineData(3)]
    public void LeaseWithoutAPastEnd_IsNoStart(int? endsIn)
    {
        var end = endsIn is { } seconds ? Now.AddSeconds(seconds) : (DateTimeOffset?)null;
        var problem = Assert.Single(
            Of(cluster =>
                cluster with
                {
                    HasLeader = false,
                    Leader = null,
                    Shards = null,
                    Resources = [new LeadershipView(LeasedResources.Matching, 9, "matching-1", Now.AddHours(-1), end)],
                }
            )
        );
        Assert.Equal(("leader", null), (problem.Key, problem.Since));
    }

    [Theory]
    [InlineData(3.0, 0.5, false)]
    [InlineData(3.1, 0.5, true)]
    [InlineData(3.0, 1.0, false)]
    [InlineData(3.1, 1.0, true)]
    [InlineData(36.0, 12.0, false)]
    [InlineData(36.1, 12.0, true)]
    [InlineData(90.0, null, false)]
    [InlineData(90.1, null, true)]
    [InlineData(90.1, 60.0, true)]
    public void ChainStands_WhenThreeBlocksAreMissing(double seconds, double? usual, bool stands)
    {
        var pause = usual is { } known ? TimeSpan.FromSeconds(known) : (TimeSpan?)null;
        Assert.Equal(stands ? ["head"] : [], Keys(Sound with { Head = new HeadMoves(Now.AddSeconds(-seconds), pause) }));
    }

    /// <summary>A frozen primary takes no report, so the last one knows nothing of the chain since.</summary>
    [Theory]
    [Trait("Category", "Console")]
    [InlineData(3.9, 1.5, false)]
    [InlineData(3.9, 1.6, true)]
    [InlineData(2.9, 2.9, false)]
    public void ChainStands_OnlyByAReportThatHasSeenIt(double seconds, double stoodFor, bool stands) =>
        Assert.Equal(
            stands ? ["head"] : [],
            Keys(Sound with { Head = new HeadMoves(Now.AddSeconds(-seconds), TimeSpan.FromSeconds(1), TimeSpan.FromSeconds(stoodFor)) })
        );

    [Fact]
    public void EndpointThatIsOut_IsToBeWatched_AndAllOfThemAreBad()
    {
        ChainEndpointView well = new("rpc-1", true, 100, 0, null);
        ChainEndpointView behind = new("rpc-2", false, 90, 10, null);
        ChainEndpointView dead = new("rpc-3", false, null, null, "connection refused");
        var some = Assert.Single(OfSettlement(view => view with { Endpoints = [well, behind, dead] }));
        Assert.Equal(("rpc-2, rpc-3 are out", Tones.Watch), (some.Title, some.Tone));
        Assert.Contains("rpc-2 is 10 blocks behind. Connection refused.", some.Meaning, StringComparison.Ordinal);
        Assert.True(Assert.Single(OfSettlement(view => view with { Endpoints = [dead] })).IsBad);
        Assert.Empty(OfSettlement(view => view with { Endpoints = [well] }));
    }

    [Theory]
    [InlineData("0.1", "0.1", null)]
    [InlineData("0.0999", "0.1", Tones.Watch)]
    [InlineData("0.4", "0.5", Tones.Watch)]
    [InlineData("0", "0.1", Tones.Bad)]
    [InlineData("0", "0", null)]
    [InlineData("0.0999", null, null)]
    [InlineData(null, "0.1", null)]
    public void Signer_NeedsEther_ByTheSettingOfSettlement(string? balance, string? low, string? tone) =>
        Assert.Equal(tone, OfSettlement(view => view with { SignerBalanceEth = balance, LowBalanceEth = low }).SingleOrDefault()?.Tone);

    [Fact]
    public void Servers_ThatAreOutOrBehind_AreNamed()
    {
        var database = Samples.Database();
        var replica = database.Replicas[0];
        Assert.Equal(
            ["The primary database is out"],
            OfDatabase(database with { Primary = database.Primary with { Healthy = false } }).Select(problem => problem.Title)
        );
        Assert.Equal(
            [$"{replica.Name} is out"],
            OfDatabase(database with { Replicas = [replica with { Healthy = false, Error = "frozen" }] }).Select(problem => problem.Title)
        );
        Assert.Equal(
            [$"{replica.Name} is 6 s behind"],
            OfDatabase(database with { Replicas = [replica with { Healthy = true, LagSeconds = 6 }] }).Select(problem => problem.Title)
        );
        Assert.Empty(OfDatabase(database with { Replicas = [replica with { Healthy = true, LagSeconds = 5 }] }));
    }

    [Theory]
    [InlineData(1, null, null)]
    [InlineData(2, "The primary database does not answer", "replica-1 does not answer")]
    public void ServerThatWasAskedInVain_IsNamedBeforeItIsOut(int failures, string? ofPrimary, string? ofReplica)
    {
        var database = Samples.Database();
        var (primary, replica) = (database.Primary with { ConsecutiveFailures = failures }, database.Replicas[0]);
        Assert.Equal(ofPrimary, OfDatabase(database with { Primary = primary }).SingleOrDefault()?.Title);
        var problem = OfDatabase(database with { Replicas = [replica with { ConsecutiveFailures = failures }] }).SingleOrDefault();
        Assert.Equal(ofReplica, problem?.Title);
    }

    /// <summary>They are read from a replica, and orders need the primary alone.</summary>
    [Fact]
    public void TermsThatCannotBeRead_AreNoOutage_WhileThePrimaryAnswers()
    {
        var overview = Sound.Overview! with
        {
            Cluster = Sound.Overview.Cluster! with { Postgres = new SourceView(SourceView.Down, Now.AddSeconds(-2)) },
        };
        Assert.Empty(ProblemRules.Of(Sound with { Overview = overview }));
        Assert.Equal("postgres", Assert.Single(ProblemRules.Of(Sound with { Overview = overview with { Database = null } })).Key);
    }

    [Fact]
    public void CriticalDiscrepancies_LeadToTheirList()
    {
        var overview = Sound.Overview! with
        {
            Reconciliation = Samples.Reconciliation(open: 2) with { Critical = new CriticalView(2, Now.AddHours(-1)) },
        };
        var problem = Assert.Single(ProblemRules.Of(Sound with { Overview = overview }));
        Assert.Equal(
            ("2 critical discrepancies", "/reconciliation?state=unresolved&severity=critical", Now.AddHours(-1)),
            (problem.Title, problem.Href, problem.Since)
        );
    }

    [Theory]
    [Trait("Category", "Firm")]
    [InlineData(FirmRefusals.NoTerms, Tones.Watch, "Settlement has not brought the leaders their terms yet.")]
    [InlineData(FirmRefusals.BoundReached, Tones.Watch, "As many firm trades wait as settlement can settle in half of the vault's delay.")]
    [InlineData(FirmRefusals.FactsTooOld, Tones.Bad, "The newest fact of the chain is older than a quarter of the vault's delay.")]
    [InlineData(FirmRefusals.TradeWaits, Tones.Bad, "A firm trade has waited for longer than a quarter of the vault's delay.")]
    public void FirmOrdersThatAreRefused_AreNamed_WithTheReasonAndItsStart(string why, string tone, string meaning)
    {
        var since = Now.AddMinutes(-3);
        var problem = Assert.Single(OfSettlement(sound => sound with { Firm = Samples.Firm(why, since) }));
        Assert.Equal(("Firm orders are refused", tone, since, "/settlement"), (problem.Title, problem.Tone, problem.Since, problem.Href));
        Assert.StartsWith(meaning, problem.Meaning, StringComparison.Ordinal);
    }

    /// <summary>A quarter of 20 minutes.</summary>
    [Theory]
    [Trait("Category", "Firm")]
    [InlineData(300, false)]
    [InlineData(301, true)]
    public void FirmTradeThatWaits_ForAQuarterOfTheDelay_CountsFromThen(int seconds, bool isProblem)
    {
        var problem = OfSettlement(sound => sound with { Firm = Samples.Firm(oldest: Now.AddSeconds(-seconds)) }).SingleOrDefault();
        Assert.Equal(isProblem ? "A firm trade waits too long" : null, problem?.Title);
        if (problem is null)
            return;
        Assert.Equal((Tones.Bad, Now.AddSeconds(-1), "/settlement"), (problem.Tone, problem.Since!.Value, problem.Href));
        Assert.StartsWith("The oldest of 3 firm trades has waited for more than a quarter", problem.Meaning, StringComparison.Ordinal);
    }

    [Fact]
    [Trait("Category", "Firm")]
    public void FirmMoneyWithinItsBounds_OrNoVault_IsNoProblem()
    {
        Assert.Empty(OfSettlement(sound => sound with { Firm = Samples.Firm() }));
        Assert.Empty(OfSettlement(sound => sound with { Firm = Samples.Firm() with { OldestAt = null, UnsettledTrades = 0 } }));
        Assert.Empty(OfSettlement(sound => sound with { Firm = null }));
    }

    [Fact]
    public void WorstProblems_ComeFirst()
    {
        var facts = Sound with
        {
            Missing = [new MissingNode("api-1", "api", Now)],
            Overview = Sound.Overview! with { Settlement = Sound.Overview.Settlement! with { Halted = "why" } },
        };
        Assert.Equal(["halted", "node:api"], Keys(facts));
    }

    private static IReadOnlyList<Problem> Of(Func<ClusterStatus, ClusterStatus> change) =>
        ProblemRules.Of(Sound with { Overview = Sound.Overview! with { Cluster = change(Samples.Cluster(Samples.Leader())) } });

    private static IEnumerable<string> Titles(Func<ClusterStatus, ClusterStatus> change) => Of(change).Select(problem => problem.Title);

    private static ProblemFacts Settlement(Func<SettlementView, SettlementView> change) =>
        Sound with
        {
            Overview = Sound.Overview! with { Settlement = change(Sound.Overview.Settlement!) },
        };

    private static IReadOnlyList<Problem> OfSettlement(Func<SettlementView, SettlementView> change) => ProblemRules.Of(Settlement(change));

    private static IReadOnlyList<Problem> OfDatabase(DatabaseStatus database) =>
        ProblemRules.Of(Sound with { Overview = Sound.Overview! with { Database = database } });

    private static IEnumerable<string> Keys(ProblemFacts facts) => ProblemRules.Of(facts).Select(problem => problem.Key);
}
