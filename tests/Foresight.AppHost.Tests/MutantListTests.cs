using Foresight.Matching.Engine.Mutants;
using Xunit;

namespace Foresight.AppHost.Tests;

/// <summary>The mutants run on request only, so a change of the engine could leave their list behind unnoticed.</summary>
[Trait("Category", "Rooms")]
public sealed class MutantListTests
{
    [Theory]
    [InlineData("engine")]
    [InlineData("relayer")]
    public void EachMutant_ChangesOnePlaceOfTheSources(string name)
    {
        var subject = Subject.All.Single(one => one.Name == name);
        var list = Path.Combine(Repository.Root, "tests", "Foresight.Matching.Engine.Mutants", subject.List);
        var mutants = Mutant.ReadAll(list);
        Assert.NotEmpty(mutants);
        foreach (var mutant in mutants)
        {
            var sound = File.ReadAllText(Path.Combine(Repository.Root, subject.Sources, mutant.File));
            Assert.NotEqual(sound, mutant.Apply(sound));
        }
    }
}
