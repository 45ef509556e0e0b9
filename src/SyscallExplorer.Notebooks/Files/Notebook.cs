using System.Security.Cryptography;
using System.Text;
using System.Text.Encodings.Web;
using System.Text.Json;
using System.Text.Json.Nodes;

namespace SyscallExplorer.Notebooks;

/// <summary>A notebook file of nbformat 4. What the host does not understand stays in it word for word.</summary>
public sealed class Notebook
{
    private static readonly JsonSerializerOptions s_layout = new()
    {
        WriteIndented = true,
        IndentSize = 1,
        NewLine = "\n",
        Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping,
    };

    private Notebook(string path, JsonObject json)
    {
        Path = path;
        Json = json;
        Cells = ReadCells();
    }

    /// <summary>The path of the file, as the user gave it.</summary>
    public string Path { get; }

    /// <summary>The name of the file without folder.</summary>
    public string FileName => System.IO.Path.GetFileName(Path);

    /// <summary>The folder that relative names in the notebook start from.</summary>
    public string Folder => System.IO.Path.GetDirectoryName(System.IO.Path.GetFullPath(Path))!;

    /// <summary>The cells, in the order of the file.</summary>
    public IReadOnlyList<NotebookCell> Cells { get; }

    internal JsonObject Json { get; }

    /// <summary>Reads a notebook from a file.</summary>
    /// <exception cref="NotebookException">There is no such file, or it is not a notebook that the host can read.</exception>
    public static Notebook Read(string path)
    {
        if (Directory.Exists(path))
            throw new NotebookException($"'{path}' is a folder; name a notebook file in it.", NotebookFault.Request);
        try
        {
            return Parse(File.ReadAllText(path), path);
        }
        catch (Exception e) when (e is FileNotFoundException or DirectoryNotFoundException)
        {
            throw new NotebookException(MissingFile(path), NotebookFault.Request);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            throw new NotebookException($"The notebook '{path}' cannot be read: {e.Message}", NotebookFault.Request);
        }
    }

    /// <summary>Reads a notebook from its text.</summary>
    /// <param name="text">The content of the file.</param>
    /// <param name="path">The path that messages name and that relative names start from.</param>
    /// <exception cref="NotebookException">The text is not a notebook that the host can read.</exception>
    public static Notebook Parse(string text, string path)
    {
        JsonNode? json;
        try
        {
            json = JsonNode.Parse(text, documentOptions: new JsonDocumentOptions { MaxDepth = 256 });
            Touch(json);
        }
        catch (JsonException e)
        {
            string where = e.LineNumber is { } line ? $" (line {line + 1})" : "";
            throw new NotebookException($"{path} is not a notebook: it is not JSON{where}.");
        }
        catch (ArgumentException)
        {
            throw new NotebookException($"{path} is not a notebook: one of its JSON objects has the same key twice.");
        }
        if (json is not JsonObject root || root["nbformat"] is not JsonValue format || !format.TryGetValue(out int major))
            throw new NotebookException($"{path} is not a notebook: it is JSON, but without the number 'nbformat' that every notebook has.");
        if (major != 4)
            throw new NotebookException($"{path} has notebook format {major}; sysx reads format 4. " +
                "Opening and saving it in a current Jupyter (or 'jupyter nbconvert --to notebook') makes it format 4.");
        if (root["cells"] is not JsonArray cells)
            throw new NotebookException($"{path} is not a notebook: it has no list 'cells'.");
        for (int i = 0; i < cells.Count; i++)
            CheckCell(cells[i], i + 1, path);
        return new Notebook(path, root);
    }

    /// <summary>The text of the file, laid out as Jupyter does.</summary>
    public string ToText() => ToText(Json);

    internal static string ToText(JsonObject json) => json.ToJsonString(s_layout) + "\n";

    private static void CheckCell(JsonNode? node, int position, string path)
    {
        if (node is not JsonObject cell || cell["cell_type"] is not JsonValue kind || !kind.TryGetValue(out string? type))
            throw new NotebookException($"{path}, cell {position}: this is not a cell, it has no 'cell_type'.");
        if (type is not ("code" or "markdown" or "raw"))
            throw new NotebookException($"{path}, cell {position}: there are no cells of type '{type}'; known are code, markdown and raw.");
        if (cell["source"] is not (JsonArray or JsonValue))
            throw new NotebookException($"{path}, cell {position}: the cell has no 'source'.");
    }

    /// <summary>Nodes are parsed lazily; going through all of them brings every fault of the text to light here.</summary>
    private static void Touch(JsonNode? node)
    {
        if (node is JsonObject o)
            foreach (var (_, value) in o)
                Touch(value);
        else if (node is JsonArray a)
            foreach (JsonNode? value in a)
                Touch(value);
    }

    private static string MissingFile(string path)
    {
        string? folder = System.IO.Path.GetDirectoryName(System.IO.Path.GetFullPath(path));
        string[] there = Directory.Exists(folder)
            ? [.. Directory.EnumerateFiles(folder, "*.ipynb").Select(f => System.IO.Path.GetFileName(f)).Order(StringComparer.Ordinal)]
            : [];
        string hint = NearestName.Find(System.IO.Path.GetFileName(path), there) is { } near ? $" Did you mean '{near}'?" : "";
        return $"There is no notebook '{path}'.{hint}";
    }

    private NotebookCell[] ReadCells()
    {
        var cells = (JsonArray)Json["cells"]!;
        var result = new NotebookCell[cells.Count];
        int code = 0;
        for (int i = 0; i < result.Length; i++)
        {
            var cell = (JsonObject)cells[i]!;
            bool isCode = (string?)cell["cell_type"] == "code";
            EnsureId(cell, i);
            result[i] = new NotebookCell(cell, i + 1, isCode ? ++code : 0);
        }
        Json["nbformat_minor"] = Math.Max(5, Json["nbformat_minor"] is JsonValue v && v.TryGetValue(out int minor) ? minor : 0);
        return result;
    }

    /// <summary>Format 4.5 wants an identifier in every cell. Older files get one that depends only on the file.</summary>
    private static void EnsureId(JsonObject cell, int index)
    {
        if (cell["id"] is JsonValue)
            return;
        byte[] hash = SHA256.HashData(Encoding.UTF8.GetBytes($"{index}\n{MultilineText.Read(cell["source"])}"));
        cell.Insert(0, "id", Convert.ToHexStringLower(hash.AsSpan(0, 4)));
    }
}
