using System.Collections;
using System.Diagnostics;
using System.Globalization;
using System.Security.Cryptography;
using System.Text;
using Microsoft.CodeAnalysis;
using Microsoft.CodeAnalysis.CSharp;
using Microsoft.CodeAnalysis.CSharp.Scripting;
using Microsoft.CodeAnalysis.Scripting;

namespace SyscallExplorer.Notebooks;

/// <summary>Runs the cells of one notebook, one after the other; each sees what the earlier ones declared.</summary>
internal sealed class ScriptSession : IDisplaySink
{
    private readonly Channel _channel;
    private readonly string _folder;
    private readonly PackageResolver _packages;
    private readonly ScriptReferences _references = new();
    private readonly LoadedSources _sources;
    private readonly HashSet<LabInputs> _labs = [];
    private readonly HashSet<SourceUsed> _used = [];
    private ScriptState<object>? _state;

    internal ScriptSession(string folder, Channel channel)
    {
        _folder = folder;
        _channel = channel;
        _packages = new PackageResolver(folder);
        _sources = new LoadedSources(folder);
    }

    /// <returns>Why the cell failed, or null.</returns>
    /// <exception cref="PackageException">A package of the cell cannot be restored; nothing of the cell has run.</exception>
    internal async Task<CellFailure?> RunAsync(string source, string? language, string cellName)
    {
        CellPlan plan;
        try
        {
            plan = CellParser.Parse(source, language);
            await ResolveAsync(plan);
        }
        catch (DirectiveException e)
        {
            return new CellFailure(e.Line, "DirectiveError", e.Message, [e.Message]);
        }
        var watch = Stopwatch.StartNew();
        foreach (CellStep step in plan.Steps)
        {
            if (step is MarkdownStep markdown)
                ShowRaw(new RawText(MediaTypes.Markdown, markdown.Text));
            else if (step is CodeStep code && await RunAsync(code.Code, cellName) is { } failure)
                return failure;
        }
        if (plan.IsTimed)
            ShowRaw(new RawText(MediaTypes.Plain, string.Create(CultureInfo.InvariantCulture, $"Wall time: {watch.Elapsed.TotalMilliseconds:0.###} ms")));
        CollectLabs();
        return null;
    }

    public void Show(object? value, IReadOnlyList<string> mediaTypes, string displayId, bool isUpdate)
    {
        Collect(value);
        IReadOnlyList<MimeText> bundle = Formatter.Format(value, mediaTypes);
        _channel.Send(isUpdate ? new ValueUpdated(bundle, displayId) : new ValueShown(bundle, IsResult: false, displayId));
    }

    private void ShowRaw(RawText text) => _channel.Send(new ValueShown([new MimeText(text.MediaType, text.Text)], IsResult: false, DisplayId: null));

    private async Task<CellFailure?> RunAsync(string code, string cellName)
    {
        ScriptOptions options = ScriptOptions.Default
            .WithReferences(_references.All)
            .WithImports(ScriptCompiler.Imports)
            .WithLanguageVersion(LanguageVersion.Latest)
            .WithMetadataResolver(NoReferences.Instance)
            .WithSourceResolver(_sources)
            .WithFilePath(cellName)
            .WithFileEncoding(Encoding.UTF8)
            .WithEmitDebugInformation(true)
            .WithAllowUnsafe(true);
        Script<object> script = _state is null ? CSharpScript.Create(code, options) : _state.Script.ContinueWith<object>(code, options);
        if (script.Compile().Any(d => d.Severity == DiagnosticSeverity.Error))
            return CellFailure.Of(script.Compile(), cellName);
        try
        {
            _channel.Send(new CodeStarted());
            // An exception must not end the state: what the cell declared before it stays known to the report.
            Exception? thrown = null;
            ScriptState<object> state = _state is null
                ? await script.RunAsync(null, e => { thrown = e; return true; })
                : await script.RunFromAsync(_state, e => { thrown = e; return true; });
            _state = state;
            if (thrown is not null)
                return CellFailure.Of(thrown, cellName);
            if (state.ReturnValue is { } value and not DisplayedValue)
            {
                Collect(value);
                _channel.Send(new ValueShown(Formatter.Format(value, []), IsResult: true, DisplayId: null));
            }
            return null;
        }
        catch (CompilationErrorException e)
        {
            return CellFailure.Of(e.Diagnostics, cellName);
        }
        catch (Exception e)
        {
            // Drawing the value has failed: its formatter is the author's code too.
            return CellFailure.Of(e, cellName);
        }
    }

    private async Task ResolveAsync(CellPlan plan)
    {
        var packages = new List<PackageReference>();
        foreach (CodeStep step in plan.Steps.OfType<CodeStep>())
        {
            foreach (Reference reference in step.References)
                Resolve(reference, _folder, packages);
            foreach (string file in _sources.FilesLoadedBy(step.Code))
            {
                string text = await File.ReadAllTextAsync(file);
                Use("script", Path.GetRelativePath(_folder, file).Replace('\\', '/'), Convert.ToHexStringLower(SHA256.HashData(Encoding.UTF8.GetBytes(text))));
                foreach (Reference reference in CellParser.TakeReferences(text).References)
                    Resolve(reference, Path.GetDirectoryName(file)!, packages);
            }
        }
        if (packages.Count == 0)
            return;
        _channel.Send(new RestoreStarted(string.Join(", ", packages.Select(p => p.Id))));
        try
        {
            PackageAssets assets = await _packages.RestoreAsync(packages);
            _references.AddPackages(assets);
            foreach ((string id, string version) in assets.Versions)
                Use("package", id, version);
        }
        finally
        {
            _channel.Send(new RestoreEnded());
        }
    }

    private void Resolve(Reference reference, string folder, List<PackageReference> packages)
    {
        switch (reference)
        {
            case FeedReference feed:
                _packages.AddFeed(feed.Feed);
                break;
            case PackageReference package when BuiltInLibrary.Has(package.Id):
                if (BuiltInLibrary.Refuse(package) is { } refusal)
                    throw new DirectiveException(package.Line, refusal);
                break;
            case PackageReference package:
                packages.Add(package);
                break;
            case AssemblyReference assembly:
                AddAssembly(assembly, folder);
                break;
        }
    }

    private void AddAssembly(AssemblyReference assembly, string folder)
    {
        string file = Path.GetFullPath(Path.Combine(folder, assembly.Name));
        if (!File.Exists(file))
        {
            if (_references.HasAssembly(assembly.Name) || _references.HasAssembly(Path.GetFileNameWithoutExtension(assembly.Name)))
                return;
            throw new DirectiveException(assembly.Line, $"there is no library '{assembly.Name}' (looked for {file}).");
        }
        if (!ScriptReferences.IsManaged(file))
            throw new DirectiveException(assembly.Line, $"'{assembly.Name}' is not a .NET library.");
        Use("library", assembly.Name, _references.AddFile(file));
    }

    private void Use(string what, string name, string detail)
    {
        var source = new SourceUsed(what, name, detail);
        if (_used.Add(source))
            _channel.Send(source);
    }

    private void CollectLabs()
    {
        foreach (ScriptVariable variable in _state?.Variables ?? [])
            Collect(variable.Value);
    }

    /// <summary>Notes the labs that a value, or the elements of a short list, were made in.</summary>
    private void Collect(object? value)
    {
        if (value is IHasInputs one)
            Add(one);
        else if (value is ICollection { Count: <= 1000 } many)
            foreach (IHasInputs element in many.OfType<IHasInputs>())
                Add(element);
    }

    private void Add(IHasInputs value)
    {
        LabInputs? inputs;
        try
        {
            inputs = value.Inputs;
        }
        catch (Exception)
        {
            // A value that cannot say what it rests on does not stop the notebook.
            return;
        }
        if (inputs is not null && _labs.Add(inputs))
            _channel.Send(new LabUsed(inputs));
    }
}
