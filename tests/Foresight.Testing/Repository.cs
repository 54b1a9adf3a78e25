namespace Foresight.Testing;

public static class Repository
{
    public static string Root { get; } = Find();

    /// <summary>From the project's own output folder, not the copy beside the tests, because coverage is recorded for that one.</summary>
    public static string OutputOf(string project)
    {
        var parts = AppContext.BaseDirectory.Split(Path.DirectorySeparatorChar);
        return Path.Combine([Root, project, .. parts[Array.LastIndexOf(parts, "bin")..], $"{Path.GetFileName(project)}.dll"]);
    }

    private static string Find()
    {
        for (var folder = new DirectoryInfo(AppContext.BaseDirectory); folder is not null; folder = folder.Parent)
        {
            if (File.Exists(Path.Combine(folder.FullName, "Foresight.sln")))
                return folder.FullName;
        }

        throw new InvalidOperationException("This is not run from the repository.");
    }
}
