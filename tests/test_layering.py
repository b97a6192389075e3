"""Modules import only what stands above them in one order of all modules, stay short, and the core knows no NumPy."""

import ast
from pathlib import Path

import autodiff_trace
import module_table

ROOT = Path(autodiff_trace.__file__).parent

# All modules from the bottom up, folder by folder: each imports only from those that stand before it. A folder whose
# modules need others in between comes more than once. A new module goes where what it imports stands before it.
ORDER = """
    core: array_ops parameters traits cotangents errors tracebacks habit_rows network_habits training_habits habits
      unknown_names asking libraries tree_paths structures pytree tracer recording shape_errors derivative lowest
      unknown_sizes foreign other_operands primitives unary batching choices selections masked_rules backward
      rule_checks reverse forward infinitesimals transformed taylor
    scipy/ndimage: steps taps
    scipy/signal: steps
    scipy/stats: uncovered
    scipy/integrate: butcher gauss_kronrod moving_times
    scipy/optimize: progress_lines combinatorial older_functions
    scipy: plain_arguments __init__
    numpy: axis_order
    compiler/backends/native: text_facts builder scratch inputs_text outputs_text __init__ assembly object_cache
      symbols engine registers counting access operations sharing_text layouts words handling flags_text entry_text
      interpreter_text runtime
    compiler/backends/native/vector_math: double_words kernel exponentials logarithms hyperbolic powers roots
      trigonometric inverse_trigonometric __init__
    compiler/backends/native: own_library own
    compiler: selection pass_names
    compiler/dispatch: limits __init__
    core/fast: calls donation residuals snapshots nodes processing ownership passing __init__
    core: __init__
    compiler/ir: spec __init__
    compiler/backends/native: code bounds descriptor plain guard_pages packing checked
    captured_state: __init__
    compiler/analysis: __init__
    compiler/backends: __init__
    compiler/backends/numpy_source: __init__
    compiler/graph: __init__
    compiler/record: __init__
    compiler/rolling: __init__
    compiler/schedule: __init__
    transforms: trace_substitution closures
    numpy: error_states recursive_linalg layouts mutation parameters giving_way random row_sums lapack quick_forms
      array_kinds namespace plain_scipy operators canonical fft wrapped moving batching broadcasting buffers
      concatenators linalg ufunc_folds rebinding ufunc_methods masks
    scipy/integrate: fields linearised refining
    scipy/optimize: isotonic
    scipy/interpolate: bands cubics
    scipy: namespace
    scipy/sparse/linalg: wrapped
    scipy/spatial/distance: wrapped
    scipy/fft: wrapped
    scipy/integrate: wrapped
    scipy/interpolate: wrapped
    scipy/linalg: wrapped
    scipy/ndimage: wrapped
    scipy/optimize: wrapped
    scipy/signal: wrapped
    scipy/sparse: wrapped
    scipy/spatial: wrapped
    scipy/special: wrapped
    scipy/stats: wrapped
    transforms: seeds
    numpy/rules: tolerances applying complex_domain donation
    numpy/sparsity: index_sets trace products __init__
    numpy/taylor: series
    numpy: definers along_axes selections
    scipy/ndimage: spectral_filters boundaries sampling
    scipy: convolving
    scipy/ndimage: correlations linear_filters selections transformations __init__
    scipy/signal: medians segments windows extensions convolutions filters chirp_transforms detrending responses
      smoothing resampling spectra
    scipy/linalg: choices
    scipy/integrate: samples
    scipy/interpolate: pieces basis piecewise bsplines univariate cubic_splines lines polynomials scattered grids
      __init__
    scipy/sparse: products stored
    numpy/rules: matrices determinants repeated_values statistics nan_functions complex_parts division elementwise
      interpolation lengths creation diagonals ordering sets steps windows contractions covariances cumulative
      differences einsum factorizations histograms joining matrix_products padding polynomials products ranges
      rearranging fft selecting shapes reductions extrema norms solving special_functions splitting variances
      quantiles scattering spectral writing indexing singular_values powers __init__
    scipy/linalg: operands structures positive_systems schur_forms banded matrix_equations matrix_functions systems
      toeplitz_systems factorizations matrix_roots orthogonal special_matrices least_squares spectral banded_spectra
      eigensystems __init__
    scipy/spatial/distance: euclidean
    scipy/fft: transforms cosine_transforms __init__
    numpy: views attributes shared_results writable_box plain_askers plain_arrays array_box array_layer flat
      protocol_forms array_types
    core: collection
    numpy: __init__
    scipy/sparse: arrays formats choices constants __init__
    scipy/sparse/linalg: choices exponentials iterations norms systems spectra __init__
    numpy/taylor: __init__
    transforms: border coloring complex_jacobians ownership steps raveling stopping flat_function followed_rules
      mapping custom_rules gradient products sparsity custom_calls jacobians second_order taylor
    scipy/spatial/distance: metrics pairs vectors __init__
    scipy/spatial: matrices __init__
    scipy/stats: distributions draws continuous numeric
    scipy/optimize: rosenbrock unknowns
    scipy/integrate: whole_steps event_times flows integrals trajectories
    captured_state: contents names places holders random_states copying read_paths kinds watching members objects
      functions following captured restoring reruns references
    transforms: remembering implicit_problems implicit_rules linear_solve implicit checkpointing carries loops
      branches
    scipy/integrate: problems quadrature
    scipy/optimize: large_systems results
    compiler/record: cleanup guards introspection refusals exported_arrays
    compiler/backends/numpy_source: arena short_rows sines threads
    compiler/backends/native: launching region
    compiler/ir: node layout evaluation memory kernel loop region terms
    compiler/backends/native: records phases operands places selection scalar_loops scheduling units products
    compiler/backends/numpy_source: region_source kernels spelling
    compiler/backends: back_end
    compiler/backends/native: fallback
    compiler/dispatch: static_values arguments matching leaf_names
    compiler/record: boxes counters captured_folding live_arrays output_owner spent containers record bodies fission
      hidden_inputs shadow_copies loops loop_cotangents loop_tangents scans
    compiler: failures
    compiler/record: outside tracing
    numpy: generators
    .: data differences extend testing
    transforms: custom __init__
    optim: hyperparameters leaves stepping momentum moments transformations schedules line_search quasi_newton
      minimizing __init__
    processes: sharing worker pool __init__
    scipy/special: families error_functions
    nn: softmaxes reductions losses activations gelus deviations divergences correlating spans convolutions windows
      pooling normalising protocol_forms dropping init attending __init__
    scipy/special: logistic_functions empirical_distributions differential_equations densities gamma_functions
      cumulative_distributions incomplete_functions hypergeometric noncentral_distributions integral_functions
      zeta_functions lambert_functions airy_functions carlson_integrals cylinder_functions struve_functions
      bessel_integrals orthogonal_polynomials spherical_harmonics spherical_bessel exponential_integrals information
      further_functions elliptic_integrals scaled_cylinder_functions inverse_distributions __init__
    scipy/signal: waveforms __init__
    scipy/stats: log_tails discrete kernel_density multivariate real_families bounded_families samples
      positive_families statistics_of_tests __init__
    compiler/backends/numpy_source: calls error_regions inline loop_source emit executable back_end
    compiler/backends/native: pieces executable
    compiler/ir: infer
    compiler/analysis: layouts liveness row_independence
    compiler/backends/native: elementwise pointwise nest_loops views alone fourier compositions moves nest maps
      indexed searching closing gathering small_matrices linear_algebra shared_sums loops reductions nest_units
      scalars kinds shared translate back_end partition
    compiler/graph: listing drawing interpreter serialization
    compiler/dispatch: background signature
    compiler/rewrite: cse dce constant_folding carried_constants floats __init__ outputs
    compiler/schedule: in_place buffers rows batched_forms like_calls fusion sums_of_rows
    compiler/rolling: repeats turns hoisting loop_bodies pieces wide_calls rolling
    compiler/rewrite/lowering: table arithmetic linear_algebra moves networks reductions scatters __init__
    compiler/rewrite: patterns driver finite exact quicker_calls
    compiler/schedule: horizontal_batching
    compiler: pipeline
    compiler/dispatch: guard_slice tree quick_calls native_programs cache retracing
    compiler: eager_runs commuting
    compiler/graph: boxes placement routing picture graph tracing
    compiler: jitted jit __init__
    demo: __init__ cli datasets network plotting training __main__
    scipy/integrate: stepwise solutions boundary_value initial_value odepack __init__
    scipy/optimize: evaluation calls constraints optimality roots scalar_roots curve_fitting linear_problems
      minimizing nonlinear_least_squares global_minimizing __init__
    debugging: watchers watched_traces watching watched_runs places non_finite printing profiling __init__
    array_libraries: __init__
    core: warning_places tree_functions
    .: __init__
    array_libraries: sparse_arrays dask_blocks dask_shapes dask_indices dask_reading dask_places dask_scattering
      dask_writing dask_axes dask_matrices dask_methods dask_arrays cupy_arrays xarray_containers
    distributed: sums errors programs sources shards groups steps progress objective training minimizing __init__
    autograd_compat: containers installing __main__ originals pullbacks util vspaces cotangents curried primitives
      own_dispatch public_calls recording jacobians rules deprecated wrap_util tracer builtins core
      differential_operators extend test_util
    autograd_compat/misc: fixed_points flatten optimizers tracers __init__
    autograd_compat/numpy: native_forms numpy_boxes numpy_vspaces numpy_wrapper linalg numpy_vjps fft numpy_jvps
      random __init__
    autograd_compat: __init__
    autograd_compat/scipy: __init__ integrate linalg signal special
    autograd_compat/scipy/stats: beta chi2 dirichlet gamma multivariate_normal norm poisson t __init__
    autograd_compat/startup: __init__ sitecustomize
"""


def read_order(text):
    """The paths of the modules, in order."""
    paths = []
    for word in text.split():
        if word.endswith(":"):
            folder = ROOT / word[:-1]
        else:
            paths.append(folder / f"{word}.py")
    return paths


PLACES = {path: place for place, path in enumerate(read_order(ORDER))}


def find_imports(path):
    """The modules of the package that a module imports, at its top or in a function, but for annotations."""
    todo = [ast.parse(path.read_text(encoding="utf-8"))]
    while todo:
        node = todo.pop()
        if isinstance(node, ast.ImportFrom) and node.level:
            target = path.parents[node.level - 1].joinpath(*(node.module or "").split("."))
            for alias in node.names:
                yield next(each for each in (target / f"{alias.name}.py", target / alias.name / "__init__.py",
                                             target.with_suffix(".py"), target / "__init__.py") if each.exists())
        elif isinstance(node, ast.If) and ast.unparse(node.test) == "TYPE_CHECKING":
            todo += node.orelse
        else:
            assert not (isinstance(node, ast.ImportFrom) and node.module.startswith("autodiff_trace")), path
            for name in ("body", "orelse", "finalbody", "handlers", "cases"):
                todo += getattr(node, name, ())


def test_each_module_stands_in_the_order_once():
    assert sorted(read_order(ORDER)) == sorted(ROOT.rglob("*.py"))


def test_imports_point_downwards():
    wrong = [
        f"{path.relative_to(ROOT)} imports {target.relative_to(ROOT)}, which stands below it"
        for path, place in PLACES.items() for target in find_imports(path) if target != path and PLACES[target] > place
    ]
    assert not wrong, "\n".join(wrong)


def test_modules_are_short():
    lengths = {path: len(path.read_text(encoding="utf-8").splitlines()) for path in PLACES}
    assert [f"{path.relative_to(ROOT)}: {length}" for path, length in lengths.items() if length > 280] == []


def test_the_core_knows_no_numpy():
    for path in (ROOT / "core").rglob("*.py"):
        assert "import numpy" not in path.read_text(encoding="utf-8")


def test_the_table_of_modules_is_true():
    text = module_table.DOCUMENT.read_text(encoding="utf-8")
    assert text.partition(module_table.HEADING)[2] == module_table.describe().partition(module_table.HEADING)[2], (
        "run python tests/module_table.py")


def test_the_documents_name_modules_that_are_there():
    for document in (module_table.DOCUMENT, module_table.ROOT / "CONTRIBUTING.md"):
        assert module_table.unknown_paths(document.read_text(encoding="utf-8")) == []
