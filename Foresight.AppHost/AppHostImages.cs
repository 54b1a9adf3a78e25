namespace Foresight.AppHost;

/// <summary>Container images that the AppHost pins itself; used with --containers and in deployments only.</summary>
internal static class AppHostImages
{
    // Primary and standbys must have the same version. Version 18 moved its data directory.
    public const string PostgresTag = "17.6";

    public const string FoundryTag = "v1.7.1";
}
