namespace Foresight.AppHost;

internal static class AppHostImages
{
    // Primary and standbys must have the same version. Version 18 moved its data directory.
    public const string PostgresTag = "17.6";

    public const string FoundryTag = "v1.7.1";
}
