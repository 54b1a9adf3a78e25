using Foresight.Matching.Engine.Mutants;
using Xunit;

namespace Foresight.AppHost.Tests;

/// <summary>The mutants run on request only, so a change of the engine could leave their list behind unnoticed.</summary>
[Trait("Category", "Rooms")]
public sealed class MutantListTests
{
    [Fact]
    public void EachMutant_ChangesOnePlaceOfTheEngine()
    {
        var tests = Path.Combine(Repository.Root, "tests", "Foresight.Matching.Engine.Mutants", "mutants.txt");
        var engine = Path.Combine(Repository.Root, "Foresight.Matching.Engine");
        Assert.True(File.Exists(Path.Combine(engine, Mutant.None.File)));
        foreach (var mutant in Mutant.ReadAll(tests))
        {
            var sound = File.ReadAllText(Path.Combine(engine, mutant.File));
            Assert.NotEqual(sound, mutant.Apply(sound));
        }
    }
}
