namespace Foresight.AppHost.Tests.References;

/// <summary>
/// Which project, and within the matching service which stage, may use which: the one place to change when they move. A project named
/// <c>*.Tests</c> is not listed: it may use anything but other tests.
/// </summary>
internal static class AllowedReferences
{
    public static readonly IReadOnlyDictionary<string, string[]> Projects = new Dictionary<string, string[]>
    {
        ["Foresight.Matching.Engine"] = [],
        ["Foresight.Chain"] = [],
        ["Foresight.ServiceDefaults"] = [],
        ["Foresight.Matching"] = ["Foresight.Matching.Engine", "Foresight.Chain", "Foresight.ServiceDefaults"],
        ["Foresight.Api"] = ["Foresight.Matching.Engine", "Foresight.Chain", "Foresight.ServiceDefaults"],
        ["Foresight.Console"] = ["Foresight.ServiceDefaults"],
        ["Foresight.Simulator"] = ["Foresight.Matching.Engine", "Foresight.Chain", "Foresight.ServiceDefaults"],
        // As resources that it starts, not as code.
        ["Foresight.AppHost"] = ["Foresight.Matching", "Foresight.Api", "Foresight.Console", "Foresight.Simulator"],

        ["Foresight.Testing"] = ["Foresight.AppHost", "Foresight.Matching"],
        ["Foresight.Simulation"] = ["Foresight.Matching"],
        ["Foresight.Matching.Engine.Mutants"] = [],
        ["Foresight.Bench"] =
        [
            "Foresight.Matching.Engine",
            "Foresight.Matching",
            "Foresight.Api",
            "Foresight.Simulation",
            "Foresight.Testing",
        ],
    };

    /// <summary>Folders of <c>Foresight.Matching</c>. Its <c>Program.cs</c>, beside them, uses them all.</summary>
    public static readonly IReadOnlyDictionary<string, string[]> Stages = new Dictionary<string, string[]>
    {
        ["Schema"] = [],
        ["Sharding"] = [],
        ["Leadership"] = [],
        ["Pipeline"] = ["Leadership", "Sharding"],
        ["Gateway"] = ["Pipeline"],
        ["ChainReading"] = [],
        ["Settlement"] = ["ChainReading", "Leadership"],
        ["ChainFollowing"] = ["ChainReading", "Leadership", "Settlement"],
        ["SettlementTerm"] = ["ChainReading", "ChainFollowing", "Leadership", "Settlement", "Sharding"],
        ["Reconciliation"] = ["ChainReading", "ChainFollowing", "Leadership", "Settlement"],
        ["Invariants"] = ["Pipeline"],
        ["Replay"] = ["Pipeline"],
        ["Setup"] = ["ChainReading", "Schema", "Settlement", "Sharding"],
    };
}
