using Foresight.AppHost.Programs;

namespace Foresight.EndToEnd.Tests.Stack;

/// <summary>The published client libraries that a trader would use, in the per-user cache that the AppHost uses too.</summary>
public sealed class NpmPackages
{
    private static readonly string[] Packages = ["ethers@6.17.0", "@microsoft/signalr@10.0.11"];

    private NpmPackages(string folder) => Folder = folder;

    /// <summary>The folder that holds node_modules.</summary>
    public string Folder { get; }

    public static async Task<NpmPackages> InstallAsync() => new(await ProgramFinder.Shared.RequireNpmAsync(Packages));
}
