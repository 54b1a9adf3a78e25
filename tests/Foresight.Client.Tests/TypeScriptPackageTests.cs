namespace Foresight.Client.Tests;

/// <summary>The client of TypeScript, in clients/typescript. That it trades is shown by the end-to-end tests.</summary>
public sealed class TypeScriptPackageTests
{
    [Fact]
    public async Task ThePackage_IsBuilt_AndItsOwnTestsPass()
    {
        var folder = await NpmProject.InstalledAsync("clients/typescript");
        await NpmProject.RunAsync(folder, "run", "build");
        var printed = await NpmProject.RunAsync(folder, "test");
        Assert.Contains("# fail 0", printed, StringComparison.Ordinal);
        Assert.Matches("# pass [1-9]", printed);
    }
}
