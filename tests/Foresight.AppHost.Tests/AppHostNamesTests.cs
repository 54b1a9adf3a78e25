using System.Text.RegularExpressions;
using Aspire.Hosting;
using Xunit;

namespace Foresight.AppHost.Tests;

/// <summary>
/// AppHost.cs is also compiled against Aspire's own packages, which are not on every machine: so it may call only what is known to be
/// there under the same name.
/// </summary>
public sealed partial class AppHostNamesTests
{
    private static readonly string[] OfAspire =
    [
        "CreateBuilder", "AddRedis", "AddPostgres", "WithDataVolume", "AddDatabase", "AddContainer", "AddExecutable", "AddConnectionString",
        "AddParameter", "AddProject", "WithReplicas", "WithReference", "WithEnvironment", "WithArgs", "WithHttpEndpoint", "WithEndpoint",
        "GetEndpoint", "WithExternalHttpEndpoints", "WithHttpHealthCheck", "WaitFor", "WaitForCompletion", "WithExplicitStart",
        "WithUrlForEndpoint", "WithCommand", "Success", "Build", "Run", "RunAsync",
    ];

    // Of the Drill folder, which is compiled against either.
    private static readonly string[] OfOurs = ["Before", "PartitionFrom", "Of"];

    private static readonly string[] OfDotnet = ["TryParse", "WriteLine", "ReadAllText", "Combine", "ToString"];

    [Fact]
    public void AppHost_CallsOnlyWhatAspireHas()
    {
        var folder = DistributedApplication.CreateBuilder().AppHostDirectory;
        var source = File.ReadAllText(Path.Combine(folder, "AppHost.cs"));
        var called = Calls().Matches(source).Select(m => m.Groups[1].Value).Distinct();
        Assert.Empty(called.Except(OfAspire).Except(OfOurs).Except(OfDotnet));
    }

    [GeneratedRegex(@"\.(\w+)(?:<[\w.]+>)?\(")]
    private static partial Regex Calls();
}
