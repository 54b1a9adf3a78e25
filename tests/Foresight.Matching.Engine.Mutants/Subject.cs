namespace Foresight.Matching.Engine.Mutants;

/// <summary>What is broken, and what must notice.</summary>
/// <param name="List">The file with its mutants.</param>
/// <param name="Sources">Folder of the repository that the files of its mutants are named from; empty: the repository.</param>
/// <param name="Project">Is built again for each mutant.</param>
/// <param name="Copied">The folders that this takes.</param>
/// <param name="Patience">For one run of tests; those of the relayer start a database and a chain.</param>
internal sealed record Subject(
    string Name,
    string List,
    string Sources,
    string Project,
    string Tests,
    IReadOnlyList<string> Copied,
    int Benches,
    TimeSpan Patience
)
{
    public static IReadOnlyList<Subject> All { get; } =
    [
        new(
            "engine",
            "mutants.txt",
            "Foresight.Matching.Engine",
            "Foresight.Matching.Engine",
            "Foresight.Matching.Engine.Tests",
            ["Foresight.Matching.Engine"],
            Math.Clamp(Environment.ProcessorCount, 1, 8),
            TimeSpan.FromMinutes(2)
        ),
        new(
            "relayer",
            "relayer.txt",
            "",
            "Foresight.Matching",
            "Foresight.Matching.Tests",
            [
                "Foresight.Matching",
                "Foresight.Matching.Engine",
                "Foresight.Chain",
                "Foresight.Cluster",
                "Foresight.Protocol",
                "Foresight.ServiceDefaults",
                "contracts",
            ],
            Benches: 1,
            TimeSpan.FromMinutes(5)
        ),
    ];
}
