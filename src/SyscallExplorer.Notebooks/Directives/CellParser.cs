using System.Text.RegularExpressions;
using Microsoft.CodeAnalysis;
using Microsoft.CodeAnalysis.CSharp;
using Microsoft.CodeAnalysis.CSharp.Syntax;

namespace SyscallExplorer.Notebooks;

/// <summary>Takes a code cell apart into C#, Markdown and directives.</summary>
internal static partial class CellParser
{
    private static readonly string[] s_magics = ["#!csharp", "#!markdown", "#!time"];

    /// <exception cref="DirectiveException">A directive is unknown or malformed.</exception>
    internal static CellPlan Parse(string source, string? language = null)
    {
        if (language is not null && !KernelCheck.IsCSharp(language) && !IsMarkdown(language))
            throw new DirectiveException(1, $"the cell is written in '{language}'; sysx runs C# cells.");
        var steps = new List<CellStep>();
        bool timed = false;
        bool markdown = IsMarkdown(language);
        int position = 0;
        while (position < source.Length)
        {
            Magic? magic = markdown ? NextMagicLine(source, position) : NextMagicDirective(source, position);
            int end = magic?.Start ?? source.Length;
            Add(steps, source, position, end, markdown);
            if (magic is null)
                break;
            switch (magic.Name)
            {
                case "#!csharp" or "#!c#": markdown = false; break;
                case "#!markdown" or "#!md": markdown = true; break;
                case "#!time": timed = true; break;
                default: throw new DirectiveException(LineOf(source, magic.Start), Unknown(magic.Name));
            }
            position = magic.End;
        }
        return new CellPlan(steps, timed);
    }

    /// <summary>Blanks the references out of a C# text and lists them.</summary>
    internal static (string Code, List<Reference> References) TakeReferences(string code)
    {
        var references = new List<Reference>();
        char[] rest = code.ToCharArray();
        foreach (DirectiveTriviaSyntax directive in Directives(code))
        {
            string text = directive.ToString().Trim();
            bool isReference = directive.IsKind(SyntaxKind.ReferenceDirectiveTrivia);
            if (!isReference && !FeedDirective().IsMatch(text))
                continue;
            references.Add(ReadReference(LineOf(code, directive.SpanStart), text, isReference));
            Blank(rest, directive.SpanStart, directive.Span.End);
        }
        return (new string(rest), references);
    }

    private static void Add(List<CellStep> steps, string source, int start, int end, bool markdown)
    {
        string text = source[start..end];
        if (string.IsNullOrWhiteSpace(text))
            return;
        if (markdown)
        {
            steps.Add(new MarkdownStep(text.Trim('\r', '\n')));
            return;
        }
        string linesBefore = new('\n', LineOf(source, start) - 1);
        (string code, List<Reference> references) = TakeReferences(linesBefore + text);
        steps.Add(new CodeStep(code, references));
    }

    private static Reference ReadReference(int line, string text, bool isReference)
    {
        Match quoted = QuotedArgument().Match(text);
        if (!quoted.Success)
            throw new DirectiveException(line, $"'{text}' needs its name in double quotes, as in {(isReference ? "#r \"nuget: Package, 1.0.0\"" : "#i \"nuget: feed\"")}.");
        string argument = quoted.Groups[1].Value.Trim();
        Match package = PackageArgument().Match(argument);
        if (!isReference)
            return package.Success ? new FeedReference(line, package.Groups[1].Value.Trim())
                : throw new DirectiveException(line, $"'{text}' names no feed; write #i \"nuget: <folder or address of the feed>\".");
        if (!package.Success)
            return argument.Length > 0 ? new AssemblyReference(line, argument)
                : throw new DirectiveException(line, "#r names nothing; write #r \"nuget: Package, 1.0.0\" or #r \"path/to/library.dll\".");
        string[] parts = package.Groups[1].Value.Split(',', 2, StringSplitOptions.TrimEntries);
        if (!PackageId().IsMatch(parts[0]))
            throw new DirectiveException(line, $"'{parts[0]}' is not the name of a package; write #r \"nuget: Package, 1.0.0\".");
        return new PackageReference(line, parts[0], parts.Length > 1 && parts[1].Length > 0 ? parts[1] : null);
    }

    private static Magic? NextMagicDirective(string source, int position)
    {
        // Parsing what follows, not searching it: a line that begins with #! inside a string or a comment is no directive.
        DirectiveTriviaSyntax? first = Directives(source[position..]).FirstOrDefault(d => d.ToString().TrimStart().StartsWith("#!", StringComparison.Ordinal));
        return first is null ? null : MagicAt(source, position + first.SpanStart);
    }

    private static Magic? NextMagicLine(string source, int position)
    {
        Match match = MagicLine().Match(source, position);
        return match.Success ? MagicAt(source, match.Groups[1].Index) : null;
    }

    private static Magic MagicAt(string source, int start)
    {
        int end = source.IndexOf('\n', start);
        end = end < 0 ? source.Length : end + 1;
        string name = source[start..end].Trim().Split((char[]?)null, 2, StringSplitOptions.RemoveEmptyEntries)[0];
        return new Magic(name, start, end);
    }

    private static IEnumerable<DirectiveTriviaSyntax> Directives(string code) =>
        CSharpSyntaxTree.ParseText(code, ScriptCompiler.ParseOptions).GetRoot()
            .DescendantNodes(n => n.ContainsDirectives, descendIntoTrivia: true).OfType<DirectiveTriviaSyntax>();

    private static string Unknown(string name)
    {
        string near = NearestName.Find(name, s_magics) is { } hint ? $" Did you mean '{hint}'?" : "";
        return $"'{name}' is not understood.{near} Cells hold C#; known directives are {string.Join(", ", s_magics)}, #r, #i and #load.";
    }

    private static void Blank(char[] text, int start, int end)
    {
        for (int i = start; i < end; i++)
            if (text[i] is not ('\r' or '\n'))
                text[i] = ' ';
    }

    private static int LineOf(string text, int position) => 1 + text.AsSpan(0, position).Count('\n');

    private static bool IsMarkdown(string? language) => string.Equals(language, "markdown", StringComparison.OrdinalIgnoreCase);

    [GeneratedRegex(@"^[ \t]*(#!\S+)", RegexOptions.Multiline)]
    private static partial Regex MagicLine();

    [GeneratedRegex(@"^#i(\s|"")")]
    private static partial Regex FeedDirective();

    [GeneratedRegex("\"([^\"]*)\"")]
    private static partial Regex QuotedArgument();

    [GeneratedRegex(@"^nuget\s*:(.*)$", RegexOptions.IgnoreCase)]
    private static partial Regex PackageArgument();

    [GeneratedRegex(@"^\w+([_.-]\w+)*$")]
    private static partial Regex PackageId();

    private sealed record Magic(string Name, int Start, int End);
}
