using Foresight.AppHost.Programs;

namespace Foresight.EndToEnd.Tests.Stack;

public sealed class NpmPackages
{
    private static readonly string[] Packages = ["ethers@6.17.0", "@microsoft/signalr@10.0.11"];

    private NpmPackages(string folder) => Folder = folder;

    public string Folder { get; }

    public static async Task<NpmPackages> InstallAsync() => new(await ProgramFinder.Shared.RequireNpmAsync(Packages));
}
