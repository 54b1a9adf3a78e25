using System.Runtime.CompilerServices;

namespace Foresight.Matching.Engine.Tests.Scenarios;

public sealed class ScenarioTests
{
    public static TheoryData<string> Files =>
        [
            .. Directory
                .GetFiles(Path.Combine(AppContext.BaseDirectory, "Scenarios"), "*.txt")
                .Select(path => Path.GetFileName(path)!)
                .Order(),
        ];

    /// <summary>
    /// FORESIGHT_WRITE_SCENARIOS=1 records the exchange's answers to a new scenario, right or wrong: check them against the rules.
    /// </summary>
    [Theory]
    [MemberData(nameof(Files))]
    public void Scenario_GoesAsWritten(string file)
    {
        var expected = File.ReadAllLines(Path.Combine(AppContext.BaseDirectory, "Scenarios", file));
        var actual = new Scenario().Run(expected);
        if (Environment.GetEnvironmentVariable("FORESIGHT_WRITE_SCENARIOS") == "1")
            File.WriteAllLines(Path.Combine(SourceFolder(), file), actual);
        else
            Assert.Equal(expected, actual);
    }

    private static string SourceFolder([CallerFilePath] string path = "") => Path.GetDirectoryName(path)!;
}
