using Foresight.AppHost.Programs;

namespace Foresight.EndToEnd.Tests.Stack;

/// <summary>Published client libraries that a trader would use, in the per-user cache of the AppHost.</summary>
public sealed class NpmPackages
{
    private static readonly string[] Packages = ["ethers@6.17.0", "@microsoft/signalr@10.0.11"];

    private NpmPackages(string folder) => Folder = folder;

    /// <summary>Folder that contains node_modules.</summary>
    public string Folder { get; }

    public static async Task<NpmPackages> InstallAsync() => new(await ProgramFinder.Shared.RequireNpmAsync(Packages));
}
