namespace Foresight.AppHost;

/// <summary>Images that the model names itself; read only where containers run.</summary>
internal static class AppHostImages
{
    // Of the primary and its standbys, which must be of one version; 18 keeps its data at another place.
    public const string PostgresTag = "17.6";

    public const string FoundryTag = "v1.7.1";
}
