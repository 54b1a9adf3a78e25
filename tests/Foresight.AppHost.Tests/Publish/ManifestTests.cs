using Xunit;

namespace Foresight.AppHost.Tests.Publish;

[Trait("Category", "Parts")]
public sealed class ManifestTests
{
    private static readonly string Golden = Path.Combine(Repository.Root, "tests/Foresight.AppHost.Tests/Publish/manifest.json");

    /// <summary>
    /// Makes changes of the model visible in review. To accept one, run <c>UPDATE_GOLDEN=1 dotnet test</c> and check the difference.
    /// </summary>
    [Fact]
    public async Task TheManifest_IsTheOneInTheRepository()
    {
        var text = await PublishedManifest.TextAsync() + "\n";
        if (Environment.GetEnvironmentVariable("UPDATE_GOLDEN") == "1")
            await File.WriteAllTextAsync(Golden, text);
        Assert.Equal(await File.ReadAllTextAsync(Golden), text);
    }

    [Fact]
    public async Task TheManifest_HoldsNothingOfThisMachine_AndEverySecretAsAParameter()
    {
        var text = await PublishedManifest.TextAsync();
        foreach (
            var local in new[]
            {
                Repository.Root,
                Environment.MachineName,
                "127.0.0.1",
                "localhost",
                "Development",
                Environment.GetFolderPath(Environment.SpecialFolder.UserProfile) + "/",
            }
        )
            Assert.DoesNotContain(local, text, StringComparison.Ordinal);

        foreach (var (name, resource) in await PublishedManifest.ResourcesAsync())
        {
            if (resource!["type"]!.GetValue<string>() == "parameter.v0")
                Assert.True(resource["inputs"]!["value"]!["secret"]!.GetValue<bool>(), name);
            foreach (var (variable, value) in resource["env"]?.AsObject() ?? [])
                if (variable.Contains("KEY") || variable.Contains("PASSWORD") || variable.Contains("SECRET"))
                    Assert.Matches(@"^\{[a-z-]+\.value\}$", value!.GetValue<string>());
        }
    }
}
