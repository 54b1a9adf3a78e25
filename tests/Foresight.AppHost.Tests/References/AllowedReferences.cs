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
        ["Foresight.Protocol"] = [],
        ["Foresight.ServiceDefaults"] = ["Foresight.Protocol"],
        ["Foresight.Cluster"] = ["Foresight.Protocol", "Foresight.ServiceDefaults"],
        ["Foresight.Matching"] =
            ["Foresight.Matching.Engine", "Foresight.Protocol", "Foresight.Chain", "Foresight.ServiceDefaults", "Foresight.Cluster"],
        ["Foresight.Api"] =
            ["Foresight.Matching.Engine", "Foresight.Protocol", "Foresight.Chain", "Foresight.ServiceDefaults", "Foresight.Cluster"],
        ["Foresight.Console"] = ["Foresight.Protocol", "Foresight.ServiceDefaults"],
        ["Foresight.Simulator"] = ["Foresight.Matching.Engine", "Foresight.Protocol", "Foresight.Chain", "Foresight.ServiceDefaults"],
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
        ["Sequencing"] = ["Gateway", "Journal", "Leadership", "Publishing", "Recovery", "Sharding"],
        ["Gateway"] = ["Sequencing"],
        ["Journal"] = ["Leadership", "Sequencing", "Sharding"],
        ["Publishing"] = ["Journal", "Leadership", "Sequencing"],
        ["Recovery"] = ["Journal", "Leadership", "Sequencing"],
        ["ChainReading"] = ["Sequencing"],
        ["Settlement"] = ["ChainReading", "Leadership", "Publishing", "Sequencing"],
        ["ChainFollowing"] = ["ChainReading", "Leadership", "Sequencing", "Settlement"],
        ["SettlementTerm"] = ["ChainReading", "ChainFollowing", "Leadership", "Settlement", "Sharding"],
        ["Reconciliation"] = ["ChainReading", "ChainFollowing", "Leadership", "Sequencing", "Settlement"],
        ["Invariants"] = ["Sequencing"],
        ["Setup"] = ["ChainReading", "Schema", "Sequencing", "Settlement", "Sharding"],
    };

    /// <summary>
    /// Parts of one loop, which runs the others and whose rows and limits they share: between them there is no direction. To every other
    /// stage they are one.
    /// </summary>
    public static readonly IReadOnlySet<string> Loop = new HashSet<string> { "Sequencing", "Gateway", "Journal", "Publishing", "Recovery" };
}
